from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nas.tracking import dashboards
from nas.tracking.dashboards import Ports
from tests.cli.home import home_with_study, run


class Boards:
    mlflow_url = "http://127.0.0.1:5000"
    optuna_url = "http://127.0.0.1:8080/dashboard"
    ends_by_itself = False

    def __init__(self, calls: list[Any]) -> None:
        self.calls = calls

    def study_url(self, study: str) -> str:
        return f"{self.mlflow_url}/#/experiments/{study}/runs"

    def wait(self) -> None:
        if not self.ends_by_itself:
            raise KeyboardInterrupt


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    @contextmanager
    def start(*args: Any) -> Iterator[Boards]:
        calls.append(args)
        try:
            yield Boards(calls)
        finally:
            calls.append("closed")

    monkeypatch.setattr(dashboards, "start", start)
    return calls


def test_both_links_then_both_are_stopped(calls: list[Any], tmp_path: Path) -> None:
    result = run(tmp_path / "home", "dashboard", "--optuna-port", "8090")
    assert result.exit_code == 0
    assert result.stdout == "MLflow:  http://127.0.0.1:5000\nOptuna:  http://127.0.0.1:8080/dashboard\n"
    home = tmp_path / "home"
    assert calls == [
        (f"sqlite:///{home}/optuna.db", f"sqlite:///{home}/mlflow.db", home / "artifacts/.mlflow", Ports(None, 8090)),
        "closed",
    ]
    assert (home / "optuna.db").exists()


def test_the_page_of_a_study(calls: list[Any], tmp_path: Path) -> None:
    result = run(home_with_study(tmp_path), "dashboard", "small")
    assert "         http://127.0.0.1:5000/#/experiments/small/runs\n" in result.stdout
    assert run(tmp_path, "dashboard", "large").exit_code == 2


def test_one_that_ends_by_itself_is_told(calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Boards, "ends_by_itself", True)
    result = run(tmp_path, "dashboard")
    assert result.exit_code == 4
    assert result.stderr.splitlines()[-1].startswith("nas: error: dashboard: one of the two has ended by itself")
    assert calls[-1] == "closed"


def test_a_taken_port_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*args: Any) -> Any:
        raise dashboards.DashboardError("port 5000 is taken; give another --mlflow-port")

    monkeypatch.setattr(dashboards, "start", start)
    result = run(tmp_path, "dashboard")
    assert result.exit_code == 4
    assert result.stderr.splitlines()[-1] == "nas: error: dashboard: port 5000 is taken; give another --mlflow-port"
