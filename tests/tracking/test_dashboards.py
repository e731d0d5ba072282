import socket
from pathlib import Path

import pytest

from nas.tracking import dashboards
from nas.tracking.dashboards import DashboardError, Ports, start
from nas.tracking.mlflow_runs import MlflowRuns
from tests.tracking.conftest import complete
from tests.tracking.ports import free_port
from tests.tracking.test_service import await_members, members


def test_a_taken_port_that_was_asked_for_is_one_line(tmp_path: Path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(DashboardError, match=f"^port {port} is taken; give another --optuna-port"):
            start("sqlite:///x.db", "none", tmp_path, Ports(optuna=port))


def test_a_usual_port_that_is_taken_is_passed_over():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        chosen = dashboards._choose_port(None, taken, "--port")
        assert taken < chosen < taken + 50
        assert dashboards._choose_port(None, taken, "--port", taken=(chosen,)) > chosen


@pytest.mark.slow
def test_a_service_that_cannot_start_is_one_line(tmp_path: Path):
    with pytest.raises(DashboardError, match=r"^Optuna dashboard ended at once: ") as error:
        start("nonsense://me:secret@host/db", "none", tmp_path)
    assert "secret" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.slow
def test_both_pages_answer_over_a_real_study(database: Path, tmp_path: Path):
    import optuna

    storage = f"sqlite:///{tmp_path}/optuna.db"
    optuna.create_study(study_name="toy", storage=storage)
    runs = MlflowRuns(f"sqlite:///{database}", tmp_path / "files")
    runs.write(complete(), False)
    ports = Ports(free_port(), free_port())
    with start(storage, f"sqlite:///{database}", tmp_path / "files", ports, timeout=120) as boards:
        assert boards.mlflow_url == f"http://127.0.0.1:{ports.mlflow}"
        assert boards.optuna_url == f"http://127.0.0.1:{ports.optuna}/dashboard"
        mlflow, page = boards.services
        assert mlflow.get("/")[0] == page.get("/dashboard")[0] == 200
        assert b'"study_name": "toy"' in page.get("/api/studies")[1]
        assert b"convnet" in mlflow.get(f"/get-artifact?path=config.json&run_uuid={runs.ids['toy/0']}")[1]
        experiment = runs.client.get_experiment_by_name("toy").experiment_id
        assert f"#/experiments/{experiment}/runs" in (boards.study_url("toy") or "")
        assert boards.study_url("unknown") is None
        groups = [service.process.pid for service in boards.services]
        assert all(members(group) for group in groups)
    for group in groups:
        await_members(group, 0)
