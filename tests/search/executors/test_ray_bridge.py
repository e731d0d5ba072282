"""Tune's side of the queue without Ray running: what it is told, what it pickles, and that no error is lost."""

import pickle
from pathlib import Path
from typing import Any, cast

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from nas.job import TrialJob
from nas.records import DataPlace, EpochMetrics, TrialFailure, TrialResult
from nas.search.executors.ray_tune import _Bridge, _QueueScheduler, _QueueSearcher
from nas.search.executors.resources import Resources
from nas.search.executors.worker import Parcel
from nas.search.queue import Empty
from tests.search.conftest import Toy

NOWHERE = Path("nowhere")
JOB = TrialJob("toy", 3, Toy(), 4, NOWHERE, NOWHERE, DataPlace(NOWHERE, NOWHERE))
HALF_A_CARD = Resources(jobs=2, cpus=2, gpus=0.5)


class ScriptedQueue:
    """Hands out what it was given and notes what it is told; `error` is raised by every call."""

    def __init__(self, *answers: TrialJob | Empty, goes_on: bool = True, error: Exception | None = None) -> None:
        self.answers, self.goes_on, self.error = list(answers), goes_on, error
        self.told: list[object] = []

    def _noted(self, *what: object) -> None:
        self.told.append(what)
        if self.error is not None:
            raise self.error

    def take(self) -> TrialJob | Empty:
        self._noted("take")
        return self.answers.pop(0)

    def report(self, key: tuple[str, int], point: EpochMetrics) -> bool:
        self._noted("report", key, point.epoch)
        return self.goes_on

    def finish(self, key: tuple[str, int], outcome: TrialResult | TrialFailure) -> None:
        self._noted("finish", key, outcome)


class FakeTrial:
    trial_id = "abc"
    error_file: str | None = None


def bridge_of(queue: ScriptedQueue) -> _Bridge:
    return _Bridge(cast(Any, queue))


def test_suggest_gives_the_job_with_its_share_then_waits_then_ends() -> None:
    searcher = _QueueSearcher(bridge_of(ScriptedQueue(JOB, Empty.WAIT, Empty.DONE)), HALF_A_CARD)
    config = searcher.suggest("abc")
    assert isinstance(config["job"], Parcel)
    assert (config["job"].job.threads, config["job"].job.gpu) == (2, True)
    assert searcher.suggest("abd") is None
    assert searcher.suggest("abe") == Searcher.FINISHED


@pytest.mark.parametrize(("goes_on", "decision"), [(True, TrialScheduler.CONTINUE), (False, TrialScheduler.STOP)])
def test_every_result_goes_through_the_scheduler(goes_on: bool, decision: str) -> None:
    queue = ScriptedQueue(JOB, goes_on=goes_on)
    bridge = bridge_of(queue)
    bridge.take("abc")
    told = _QueueScheduler(bridge).on_trial_result(None, cast(Any, FakeTrial()), {"point": EpochMetrics(1, {})})
    assert told == decision
    assert queue.told[-1] == ("report", ("toy", 3), 1)


def test_an_outcome_ends_the_trial() -> None:
    queue = ScriptedQueue(JOB)
    bridge = bridge_of(queue)
    bridge.take("abc")
    result = TrialResult({"score": 1.0}, 4)
    told = _QueueScheduler(bridge).on_trial_result(None, cast(Any, FakeTrial()), {"outcome": result})
    assert told == TrialScheduler.STOP
    assert queue.told[-1] == ("finish", ("toy", 3), result)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no reason was given"),
        ("Traceback ...\nActorDiedError: the actor died: killed by signal 9\nsee the docs", "killed by signal 9"),
        ("ray.exceptions.OutOfMemoryError: ...\nsee the docs", "out of memory"),
    ],
)
def test_a_dead_worker_fails_its_trial_with_its_cause(tmp_path: Path, text: str | None, why: str) -> None:
    queue, trial = ScriptedQueue(JOB), FakeTrial()
    if text is not None:
        trial.error_file = str(tmp_path / "error.txt")
        (tmp_path / "error.txt").write_text(text, encoding="utf-8")
    bridge = bridge_of(queue)
    bridge.take("abc")
    _QueueScheduler(bridge).on_trial_error(None, cast(Any, trial))
    [*_, (what, key, failure)] = cast(list[tuple[str, object, TrialFailure]], queue.told)
    assert (what, key) == ("finish", ("toy", 3))
    assert failure.cause.startswith("the worker process died 3 times: ")
    assert why in failure.cause


def test_a_trial_that_calls_exit_is_told_as_failed() -> None:
    queue = ScriptedQueue(JOB)
    bridge = bridge_of(queue)
    bridge.take("abc")
    _QueueSearcher(bridge, HALF_A_CARD).on_trial_complete("abc")
    failure = TrialFailure("ended without a result: something in it called exit")
    assert queue.told[-1] == ("finish", ("toy", 3), failure)


def test_the_first_error_of_the_queue_is_kept_and_ends_the_search() -> None:
    error = OSError("disk full")
    bridge = bridge_of(ScriptedQueue(JOB, error=error))
    searcher, scheduler = _QueueSearcher(bridge, HALF_A_CARD), _QueueScheduler(bridge)
    assert searcher.suggest("abc") == Searcher.FINISHED
    assert bridge.error is error
    told = scheduler.on_trial_result(None, cast(Any, FakeTrial()), {"point": EpochMetrics(1, {})})
    assert told == TrialScheduler.STOP
    assert searcher.suggest("abd") == Searcher.FINISHED


def test_tunes_own_state_takes_nothing_of_ours_along() -> None:
    bridge = bridge_of(ScriptedQueue())
    for ours in (_QueueSearcher(bridge, HALF_A_CARD), _QueueScheduler(bridge)):
        assert pickle.loads(pickle.dumps(ours)).bridge is None


def test_tunes_files_are_never_restored_from(tmp_path: Path) -> None:
    searcher = _QueueSearcher(bridge_of(ScriptedQueue()), HALF_A_CARD)
    searcher.save(str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()
    with pytest.raises(RuntimeError, match="resumed from its storage"):
        searcher.restore(str(tmp_path / "state"))
    assert searcher.set_search_properties("score", "max", {}) is True
