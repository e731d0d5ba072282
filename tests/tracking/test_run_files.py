"""Files in MLflow, judged by looking into its folder."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nas.tracking import mlflow_runs
from nas.tracking.mlflow_runs import MlflowRuns
from nas.tracking.mlflow_tracker import MlflowTracker
from tests.tracking.conftest import complete, running, runs_in


@pytest.fixture
def open_runs(database: Path) -> Callable[[], MlflowRuns]:
    return lambda: MlflowRuns(f"sqlite:///{database}", database.parent / "files")


def findings(folder: Path) -> str:
    (folder / "inner").mkdir(parents=True)
    (folder / "confusion_matrix.csv").write_text("1,2")
    (folder / "inner" / "picture.png").write_bytes(b"png")
    return str(folder)


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_findings_of_a_complete_trial_are_stored_with_its_config(database, open_runs, tmp_path):
    runs = open_runs()
    runs.write(complete(folder=findings(tmp_path / "findings")), False)
    run = runs.client.get_run(runs.ids["toy/0"])
    assert files_under(Path(run.info.artifact_uri)) == [
        "config.json", "details.json", "findings/confusion_matrix.csv", "findings/inner/picture.png",
    ]  # fmt: skip


def test_findings_that_are_gone_do_no_harm(database, open_runs, tmp_path):
    runs = open_runs()
    runs.write(complete(folder=str(tmp_path / "gone")), False)
    assert runs_in(database) == [("toy/0", "FINISHED", "complete")]


def test_the_data_is_shown_once_in_a_run_that_is_no_trials(database, open_runs, tmp_path):
    drawn = []

    def draw() -> Path:
        drawn.append(1)
        return Path(findings(tmp_path / "data"))

    runs = open_runs()
    runs.write(running(), False)
    runs.write_data("toy", draw)
    runs.write_data("toy", draw)
    again = open_runs()
    again.write(complete(), False)
    again.write_data("toy", draw)
    assert len(drawn) == 1
    experiment = runs.client.get_experiment_by_name("toy")
    (run,) = runs.client.search_runs([experiment.experiment_id], "tags.`nas.kind` = 'data'")
    assert (run.info.run_name, run.info.status, run.data.tags["nas.study"]) == ("data", "FINISHED", "toy")
    assert files_under(Path(run.info.artifact_uri)) == ["confusion_matrix.csv", "inner/picture.png"]
    assert [uid for uid, _, _ in runs_in(database)] == ["toy/0"]


def test_a_tracker_shows_the_data_with_the_first_verdict(database, tmp_path):
    tracker = MlflowTracker(f"sqlite:///{database}", database.parent / "files")
    tracker.show_data("toy", lambda: Path(findings(tmp_path / "data")))
    assert tracker.flush(60.0)
    assert not (tmp_path / "data").exists()
    tracker.mirror(running())
    assert tracker.flush(60.0)
    assert not (tmp_path / "data").exists()
    tracker.mirror(complete())
    assert tracker.flush(60.0)
    assert (tmp_path / "data").exists()
    tracker.close()


def test_data_that_cannot_be_drawn_holds_no_trial_up(database, caplog):
    def draw() -> Path:
        raise OSError("no space left")

    tracker = MlflowTracker(f"sqlite:///{database}", database.parent / "files")
    tracker.show_data("toy", draw)
    tracker.mirror(complete())
    with caplog.at_level(logging.WARNING):
        assert tracker.flush(60.0)
    assert runs_in(database) == [("toy/0", "FINISHED", "complete")]
    assert "no space left" in caplog.text
    tracker.close()


def test_data_that_mlflow_does_not_take_is_sent_again(database, tmp_path, monkeypatch):
    failures = iter([ConnectionError("gone"), ConnectionError("still gone")])
    whole = mlflow_runs.write_data_run

    def fail_twice(*arguments: object) -> bool:
        for error in failures:
            raise error
        return whole(*arguments)

    monkeypatch.setattr(mlflow_runs, "write_data_run", fail_twice)
    tracker = MlflowTracker(f"sqlite:///{database}", database.parent / "files", interval=0.0)
    tracker.show_data("toy", lambda: Path(findings(tmp_path / "data")))
    tracker.mirror(complete())
    assert tracker.flush(60.0)
    tracker.close()
    assert next(failures, None) is None
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT status FROM runs JOIN tags USING (run_uuid) WHERE key = 'nas.kind' AND value = 'data'"
        assert connection.execute(query).fetchall() == [("FINISHED",)]
