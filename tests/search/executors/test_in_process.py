"""The in-process executor: what the queue raises is no trial's fault."""

import pytest
from optuna.storages import RDBStorage

from nas.records import EpochMetrics, Verdict
from nas.search.executors.in_process import InProcessExecutor
from nas.search.queue import Budget, TrialQueue
from nas.search.storage import DiskFull, StorageError
from tests.search.conftest import Toy, climb, toy_space
from tests.search.test_queue import make_job, open_queue


def queue_of(storage: RDBStorage, objective: object) -> TrialQueue:
    from dataclasses import replace

    queue = open_queue(storage, toy_space(objective=objective), Budget(trials=3))
    queue.make_job = lambda ledger, draw: replace(make_job(ledger, draw), objective=objective)  # type: ignore[arg-type]
    return queue


def test_trials_run_one_after_the_other(storage: RDBStorage) -> None:
    queue = queue_of(storage, climb)
    InProcessExecutor().run(queue)
    assert queue.main.verdicts()[Verdict.COMPLETE] == 3


@pytest.mark.parametrize("error", [StorageError("the database is gone"), DiskFull("no room for the database")])
def test_an_error_of_the_queue_is_raised_and_fails_no_trial(
    storage: RDBStorage, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_of(storage, climb)

    def report(key: tuple[str, int], point: EpochMetrics) -> bool:
        raise error

    monkeypatch.setattr(queue, "report", report)
    with pytest.raises(type(error), match=str(error)):
        InProcessExecutor().run(queue)
    assert sum(queue.main.verdicts().values()) == 0
    assert [trial.number for trial in queue.main.running()] == [0]


def test_a_full_disk_leaves_the_trial_running(storage: RDBStorage) -> None:
    def full(config: Toy, epochs: int) -> object:
        yield {"score": 1.0}
        raise OSError(28, "No space left on device", "mine.csv")

    queue = queue_of(storage, full)
    with pytest.raises(DiskFull, match=r"^mine\.csv: the disk is full"):
        InProcessExecutor().run(queue)
    assert [trial.number for trial in queue.main.running()] == [0]
