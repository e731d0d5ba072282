"""What every tracker must do. The MLflow one is judged further in test_mlflow_runs.py."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas.records import Verdict
from nas.tracking.mlflow_tracker import MlflowTracker
from nas.tracking.tracker import NullTracker, Tracker, TrackingError, open_tracker
from tests.tracking.conftest import complete, points_in, running, runs_in

LONG = 60.0


@pytest.fixture(params=["none", "mlflow"])
def tracker(request: pytest.FixtureRequest, database: Path) -> Iterator[Tracker]:
    uri = "none" if request.param == "none" else f"sqlite:///{database}"
    tracker = open_tracker(uri, database.parent / "files")
    yield tracker
    tracker.close()


def test_a_trial_from_start_to_end(tracker: Tracker):
    for epochs in range(4):
        tracker.mirror(running(epochs=epochs))
    tracker.mirror(complete())
    assert tracker.flush(LONG)
    assert set(tracker.run_ids()) <= {"toy/0"}


def test_flush_of_nothing_succeeds(tracker: Tracker):
    assert tracker.flush(0.0)
    assert tracker.run_ids() == {}


def test_draws_that_were_never_trained_have_no_run(tracker: Tracker):
    tracker.mirror(complete(1, verdict=Verdict.INFEASIBLE))
    tracker.mirror(complete(2, verdict=Verdict.DUPLICATE))
    assert tracker.flush(LONG)
    assert tracker.run_ids() == {}


def test_pausing_what_is_unknown_or_ended_does_nothing(tracker: Tracker):
    tracker.mirror(complete())
    tracker.pause(["toy/0", "toy/99"])
    assert tracker.flush(LONG)


def test_the_data_of_a_study_may_be_shown(tracker: Tracker, tmp_path: Path):
    (tmp_path / "data").mkdir()
    tracker.show_data("toy", lambda: tmp_path / "data")
    tracker.mirror(complete())
    assert tracker.flush(LONG)
    assert set(tracker.run_ids()) <= {"toy/0"}


def test_run_ids_are_the_callers_own(tracker: Tracker):
    tracker.run_ids()["x"] = "y"
    assert tracker.run_ids() == {}


def test_closing_twice_is_fine(tracker: Tracker):
    tracker.mirror(running())
    tracker.close()
    tracker.close()


def test_the_null_tracker_remembers_for_tests():
    tracker = NullTracker()
    tracker.mirror(running(1))
    tracker.pause(["toy/1"])
    assert tracker.paused == {"toy/1"}
    tracker.mirror(complete(1))
    assert (tracker.records, tracker.paused) == ({"toy/1": complete(1)}, set())


def test_an_interrupted_trial_goes_on(database: Path):
    tracker = open_tracker(f"sqlite:///{database}", database.parent / "files")
    tracker.mirror(running(epochs=2))
    tracker.pause(["toy/0"])
    assert tracker.flush(LONG)
    assert runs_in(database) == [("toy/0", "KILLED", "interrupted")]
    assert len(points_in(database)["toy/0", "val_loss"]) == 2
    tracker.close()

    tracker = open_tracker(f"sqlite:///{database}", database.parent / "files")
    tracker.mirror(running(epochs=3))
    assert tracker.flush(LONG)
    assert runs_in(database) == [("toy/0", "RUNNING", "running")]
    tracker.mirror(complete(epochs=4))
    assert tracker.flush(LONG)
    assert runs_in(database) == [("toy/0", "FINISHED", "complete")]
    assert [step for step, _ in points_in(database)["toy/0", "val_loss"]] == [1, 2, 3, 4]
    tracker.close()


def test_run_ids_lead_to_the_runs(database: Path):
    from mlflow.tracking import MlflowClient

    tracker = open_tracker(f"sqlite:///{database}", database.parent / "files")
    for number in range(3):
        tracker.mirror(complete(number))
    assert tracker.flush(LONG)
    client = MlflowClient(f"sqlite:///{database}")
    tags = {uid: client.get_run(run).data.tags for uid, run in tracker.run_ids().items()}
    assert {uid: found["optuna.trial_number"] for uid, found in tags.items()} == {f"toy/{n}": str(n) for n in range(3)}
    tracker.close()


@pytest.mark.parametrize("uri", ["", "mlruns", "file:///tmp/x", "ftp://me:secret@host/x", "postgres"])
def test_uris_that_mlflow_cannot_take_are_refused_in_one_line(uri: str, tmp_path: Path):
    with pytest.raises(TrackingError, match="write sqlite:///FILE") as refusal:
        open_tracker(uri, tmp_path)
    assert "secret" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "postgresql+psycopg://u@h/d", "sqlite:///x.db"])
def test_uris_that_mlflow_takes_are_opened_without_being_tried(uri: str, tmp_path: Path):
    assert isinstance(open_tracker(uri, tmp_path), MlflowTracker)


def test_opening_a_tracker_imports_nothing_heavy():
    code = (
        "import sys, pathlib; from nas.tracking.tracker import open_tracker; import nas.tracking.dashboards;"
        "open_tracker('sqlite:///x.db', pathlib.Path('x'));"
        "print([name for name in ('mlflow', 'optuna', 'ray', 'torch', 'numpy', 'pandas', 'sqlalchemy')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
