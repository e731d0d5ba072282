"""Tune's side of the queue without Ray running: what it is told, what it pickles, and that no error is lost."""

import pickle
from pathlib import Path
from typing import Any, cast

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from nas.job import TrialJob
from nas.records import DataPlace, EpochMetrics, TrialFailure, TrialResult
from nas.search.executors.bridge import Bridge, QueueScheduler, QueueSearcher
from nas.search.executors.resources import Resources
from nas.search.executors.watch import Watch
from nas.search.executors.worker import Parcel
from nas.search.queue import Empty
from tests.search.conftest import Toy

NOWHERE = Path("nowhere")
JOB = TrialJob("toy", 3, Toy(), 4, NOWHERE, NOWHERE, DataPlace(NOWHERE, NOWHERE))
KEY = ("toy", 3)
HALF_A_CARD = Resources(jobs=2, cpus=2, gpus=0.5)


class ScriptedQueue:
    """Hands out what it was given and notes what it is told; `error` is raised by every call."""

    def __init__(self, *answers: TrialJob | Empty, goes_on: bool = True, error: Exception | None = None) -> None:
        self.answers, self.goes_on, self.error = list(answers), goes_on, error
        self.told: list[object] = []
        self.live: dict[tuple[str, int], object] = {}

    def _noted(self, *what: object) -> None:
        self.told.append(what)
        if self.error is not None:
            raise self.error

    def take(self) -> TrialJob | Empty:
        self._noted("take")
        job = self.answers.pop(0)
        if isinstance(job, TrialJob):
            self.live[job.study, job.number] = job
        return job

    def report(self, key: tuple[str, int], point: EpochMetrics) -> bool:
        self._noted("report", key, point.epoch)
        return self.goes_on

    def finish(self, key: tuple[str, int], outcome: TrialResult | TrialFailure) -> None:
        self._noted("finish", key, outcome)
        self.live.pop(key, None)

    def lose(self, key: tuple[str, int], failure: TrialFailure, again: bool) -> None:
        self._noted("lose", key, failure.cause, again)

    def serve_again(self, *keys: tuple[str, int]) -> None:
        self._noted("serve again", *keys)


class FakeTrial:
    trial_id = "abc"
    error_file: str | None = None


class Ray:
    """Dead as soon as there is a cause."""

    cause = ""

    def trouble(self) -> str:
        return self.cause


def bridge_of(queue: ScriptedQueue, ray: Ray | None = None) -> Bridge:
    return Bridge(cast(Any, queue), Watch((ray or Ray()).trouble))


def test_suggest_gives_the_job_with_its_share_then_waits_then_ends() -> None:
    queue = ScriptedQueue(JOB, Empty.WAIT, Empty.DONE)
    searcher = QueueSearcher(bridge_of(queue), HALF_A_CARD)
    config = searcher.suggest("abc")
    assert isinstance(config["job"], Parcel)
    assert (config["job"].job.threads, config["job"].job.gpu) == (2, True)
    assert searcher.suggest("abd") is None
    queue.live.clear()
    assert searcher.suggest("abe") == Searcher.FINISHED


def test_there_may_be_another_job_as_long_as_a_trial_runs_whose_worker_may_die() -> None:
    queue = ScriptedQueue(JOB, Empty.DONE, JOB)
    searcher = QueueSearcher(bridge_of(queue), HALF_A_CARD)
    searcher.suggest("abc")
    assert searcher.suggest("abd") is None
    assert searcher.suggest("abe")["job"].job.number == 3


@pytest.mark.parametrize(("goes_on", "decision"), [(True, TrialScheduler.CONTINUE), (False, TrialScheduler.STOP)])
def test_every_result_goes_through_the_scheduler(goes_on: bool, decision: str) -> None:
    queue = ScriptedQueue(JOB, goes_on=goes_on)
    bridge = bridge_of(queue)
    bridge.take("abc")
    told = QueueScheduler(bridge).on_trial_result(None, cast(Any, FakeTrial()), {"point": EpochMetrics(1, {})})
    assert told == decision
    assert queue.told[-1] == ("report", KEY, 1)


def test_an_outcome_ends_the_trial() -> None:
    queue = ScriptedQueue(JOB)
    bridge = bridge_of(queue)
    bridge.take("abc")
    result = TrialResult({"score": 1.0}, 4)
    told = QueueScheduler(bridge).on_trial_result(None, cast(Any, FakeTrial()), {"outcome": result})
    assert told == TrialScheduler.STOP
    assert queue.told[-1] == ("finish", KEY, result)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, ("lose", KEY, "no reason was given", True)),
        ("ActorDiedError: it died\nsee the docs", ("lose", KEY, "ActorDiedError: it died", True)),
        ("The actor died because its node has died. Node Id: 1", ("serve again", KEY)),
    ],
)  # fmt: skip
def test_a_dead_worker_is_told_with_its_cause(tmp_path: Path, text: str | None, told: tuple[object, ...]) -> None:
    queue, trial = ScriptedQueue(JOB), FakeTrial()
    if text is not None:
        trial.error_file = str(tmp_path / "error.txt")
        (tmp_path / "error.txt").write_text(text, encoding="utf-8")
    bridge = bridge_of(queue)
    bridge.take("abc")
    QueueScheduler(bridge).on_trial_error(None, cast(Any, trial))
    assert queue.told[-1] == told


def test_of_a_dead_ray_nothing_is_believed() -> None:
    queue, ray = ScriptedQueue(JOB, JOB), Ray()
    bridge = bridge_of(queue, ray)
    bridge.take("abc")
    ray.cause = "its raylet was ended by SIGKILL"
    QueueScheduler(bridge).on_trial_error(None, cast(Any, FakeTrial()))
    QueueSearcher(bridge, HALF_A_CARD).on_trial_complete("abc")
    assert bridge.take("abd") is Empty.DONE
    assert not bridge.report("abc", {"point": EpochMetrics(1, {})})
    assert queue.told == [("take",)]


def test_a_trial_that_calls_exit_is_told_as_failed() -> None:
    queue = ScriptedQueue(JOB)
    bridge = bridge_of(queue)
    bridge.take("abc")
    QueueSearcher(bridge, HALF_A_CARD).on_trial_complete("abc")
    failure = TrialFailure("ended without a result: something in it called exit")
    assert queue.told[-1] == ("finish", KEY, failure)


def test_the_first_error_of_the_queue_is_kept_and_ends_the_search() -> None:
    error = OSError("disk full")
    bridge = bridge_of(ScriptedQueue(JOB, error=error))
    searcher, scheduler = QueueSearcher(bridge, HALF_A_CARD), QueueScheduler(bridge)
    assert searcher.suggest("abc") == Searcher.FINISHED
    assert bridge.error is error
    told = scheduler.on_trial_result(None, cast(Any, FakeTrial()), {"point": EpochMetrics(1, {})})
    assert told == TrialScheduler.STOP
    assert searcher.suggest("abd") == Searcher.FINISHED


def test_tunes_own_state_takes_nothing_of_ours_along() -> None:
    bridge = bridge_of(ScriptedQueue())
    for ours in (QueueSearcher(bridge, HALF_A_CARD), QueueScheduler(bridge)):
        assert pickle.loads(pickle.dumps(ours)).bridge is None


def test_tunes_files_are_never_restored_from(tmp_path: Path) -> None:
    searcher = QueueSearcher(bridge_of(ScriptedQueue()), HALF_A_CARD)
    searcher.save(str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()
    with pytest.raises(RuntimeError, match="resumed from its storage"):
        searcher.restore(str(tmp_path / "state"))
    assert searcher.set_search_properties("score", "max", {}) is True
