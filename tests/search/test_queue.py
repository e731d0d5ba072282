"""The queue: order, budget, stopping, failures, adoption, references. Every claim is read back from the storage."""

from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from nas import SearchSpace
from nas.job import TrialJob
from nas.records import DataPlace, EpochMetrics, TrialFailure, TrialResult, Unfinished, Verdict
from nas.search.drawing import Draw, Drawer
from nas.search.ledger import Ledger, curve_of, verdict_of
from nas.search.opening import open_references, open_study
from nas.search.queue import Budget, Empty, TrialQueue
from nas.search.stopping import StoppingRule
from nas.search.storage import DiskFull
from tests.search.conftest import BACKENDS, Toy, toy_cost, toy_space

pytestmark = pytest.mark.parametrize("url", BACKENDS, indirect=True)

REFERENCE = {"VGG19": Toy(width=3, slope=2.0)}


def make_job(ledger: Ledger, draw: Draw) -> TrialJob:
    nowhere = Path("nowhere")
    place = DataPlace(nowhere, nowhere)
    return TrialJob(ledger.name, draw.trial.number, draw.config, 4, nowhere, nowhere, place)


def open_queue(
    storage: RDBStorage, space: SearchSpace, budget: Budget | None = None, scheduler: str = "none"
) -> TrialQueue:
    main = open_study(storage, space, "random", 0, None)
    return TrialQueue(
        space=space,
        main=main,
        references=open_references(storage, space),
        drawer=Drawer(space, main, toy_cost, 0),
        rule=StoppingRule(scheduler, space.objectives, 4),
        make_job=make_job,
        budget=budget or Budget(trials=5),
    )


def train(queue: TrialQueue, job: TrialJob, epochs: int = 4) -> int:
    """Report epochs until the queue has had enough, then finish. Returns the epochs that were trained."""
    assert isinstance(job.config, Toy)
    key = (job.study, job.number)
    for epoch in range(1, epochs + 1):
        if not queue.report(key, EpochMetrics(epoch, {"score": job.config.slope * epoch})):
            return epoch
    queue.finish(key, TrialResult({"score": job.config.slope * epochs}, epochs))
    return epochs


def drain(queue: TrialQueue) -> list[TrialJob]:
    jobs = []
    while isinstance(job := queue.take(), TrialJob):
        jobs.append(job)
        train(queue, job)
    assert job is Empty.DONE
    return jobs


def test_baselines_then_draws_then_references(storage: RDBStorage) -> None:
    space = toy_space(references=REFERENCE)
    queue = open_queue(storage, space)
    jobs = drain(queue)
    assert [(job.study, job.number) for job in jobs] == [("toy", n) for n in range(5)] + [("toy.references", 0)]
    assert jobs[0].config == Toy(width=1, slope=0.25)
    assert jobs[-1].config == REFERENCE["VGG19"]
    assert queue.main.verdicts()[Verdict.COMPLETE] == 5
    assert [record.baseline for record in queue.main.records()][:2] == [("small", "same"), ("big",)]
    assert [record.reference for record in queue.references.records()] == ["VGG19"]


def test_values_are_told_in_the_order_of_the_objectives(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    drain(queue)
    assert queue.main.frozen()[1].values == [4.0, 2.0]
    assert curve_of(queue.main.frozen()[1]) == tuple(EpochMetrics(e, {"score": float(e)}) for e in range(1, 5))


def test_no_reference_before_all_baselines_have_run(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space(references=REFERENCE), Budget(trials=2))
    first, second = queue.take(), queue.take()
    assert isinstance(first, TrialJob)
    assert isinstance(second, TrialJob)
    assert queue.take() is Empty.WAIT
    train(queue, first)
    assert queue.take() is Empty.WAIT
    train(queue, second)
    last = queue.take()
    assert isinstance(last, TrialJob)
    assert last.study == "toy.references"


def test_fewer_trials_than_baselines_run_no_reference(storage: RDBStorage) -> None:
    space = toy_space(references=REFERENCE)
    assert len(drain(open_queue(storage, space, Budget(trials=1)))) == 1
    later = drain(open_queue(storage, space, Budget(trials=3)))
    assert [(job.study, job.number) for job in later] == [("toy", 1), ("toy", 2), ("toy.references", 0)]


def test_a_finished_study_is_done_at_once(storage: RDBStorage) -> None:
    space = toy_space(references=REFERENCE)
    drain(open_queue(storage, space))
    assert open_queue(storage, space).take() is Empty.DONE
    assert len(drain(open_queue(storage, space, Budget(trials=7)))) == 2


def test_failure_keeps_its_cause_and_counts(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space(), Budget(trials=2))
    job = queue.take()
    assert isinstance(job, TrialJob)
    queue.finish((job.study, job.number), TrialFailure("train loss is nan in epoch 2", "Traceback ..."))
    drain(queue)
    failed = queue.main.frozen()[0]
    assert failed.state == TrialState.FAIL
    assert failed.user_attrs["cause"] == "train loss is nan in epoch 2"
    assert queue.main.verdicts()[Verdict.COMPLETE] == 1


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_result_without_a_finite_objective_fails(storage: RDBStorage, bad: float | None) -> None:
    queue = open_queue(storage, toy_space(), Budget(trials=1))
    job = queue.take()
    assert isinstance(job, TrialJob)
    queue.finish((job.study, job.number), TrialResult({} if bad is None else {"score": bad}, 4))
    frozen = queue.main.frozen()[0]
    assert frozen.state == TrialState.FAIL
    assert "score" in frozen.user_attrs["cause"]


def test_hopeless_draw_is_pruned_with_curve_and_constraint(storage: RDBStorage) -> None:
    good = {f"good {n}": Toy(width=2, slope=1 - n / 100) for n in range(6)}
    queue = open_queue(storage, toy_space(baselines=good), Budget(trials=12), "median")
    while isinstance(job := queue.take(), TrialJob):
        train(queue, job)
    pruned = [frozen for frozen in queue.main.frozen() if verdict_of(frozen) == Verdict.PRUNED]
    assert pruned
    for frozen in pruned:
        epochs = len(curve_of(frozen))
        assert 0 < epochs < 4
        assert frozen.constraints == {"stopped_early": 1 - epochs / 4}
        assert frozen.intermediate_values == {}


def test_baselines_are_stopped_only_when_asked(storage: RDBStorage) -> None:
    good = {f"good {n}": Toy(width=2, slope=0.9 + n / 100) for n in range(6)}
    space = toy_space(baselines={**good, "weak": Toy(width=1, slope=0.0)})
    spared = open_queue(storage, space, Budget(trials=7), "median")
    drain(spared)
    assert spared.main.verdicts()[Verdict.COMPLETE] == 7
    asked = open_queue(storage, toy_space("other", baselines=space.baselines), Budget(trials=7), "median")
    asked.stop_baselines = True
    drain(asked)
    assert asked.main.verdicts()[Verdict.PRUNED] == 1


def test_killed_driver_leaves_trials_that_the_next_one_adopts(storage: RDBStorage) -> None:
    space = toy_space(references=REFERENCE)
    first = open_queue(storage, space)
    job = first.take()
    other = first.take()
    assert isinstance(job, TrialJob)
    assert isinstance(other, TrialJob)
    first.report((job.study, job.number), EpochMetrics(1, {"score": 0.25}))
    second = open_queue(storage, space)
    again = drain(second)
    assert [entry.number for entry in again if entry.study == "toy"] == [0, 1, 2, 3, 4]
    assert again[0].config == job.config
    assert second.main.verdicts()[Verdict.COMPLETE] == 5
    assert second.main.running() == []
    assert [point.epoch for point in curve_of(second.main.frozen()[0])] == [1, 2, 3, 4]


def test_an_unfinished_trial_ends_the_search_and_is_adopted(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    job = queue.take()
    assert isinstance(job, TrialJob)
    queue.report(("toy", job.number), EpochMetrics(1, {"score": 0.25}))
    with pytest.raises(DiskFull, match="no room"):
        queue.finish(("toy", job.number), Unfinished("no room"))
    queue.finish(("toy", job.number), TrialFailure("told too late"))
    assert [trial.number for trial in queue.main.running()] == [job.number]
    again = open_queue(storage, toy_space()).take()
    assert isinstance(again, TrialJob)
    assert (again.number, again.config) == (job.number, job.config)


def test_a_trial_whose_worker_died_goes_on_twice_and_then_fails_with_the_cause(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    for death in range(3):
        if death == 2:
            queue = open_queue(storage, toy_space())  # deaths under another driver count
        job = queue.take()
        assert isinstance(job, TrialJob)
        assert job.number == 0
        queue.report(("toy", 0), EpochMetrics(death + 1, {"score": 0.25}))
        queue.lose(("toy", 0), TrialFailure("SIGKILL", "stacks"))
    [frozen, *_] = queue.main.frozen()
    assert frozen.user_attrs["cause"] == "the worker process died 3 times: SIGKILL"
    assert frozen.user_attrs["deaths"] == ["SIGKILL"] * 3
    assert frozen.user_attrs["traceback"] == "stacks"
    assert [point.epoch for point in curve_of(frozen)] == [1, 2, 3]
    assert len(drain(queue)) == 4
    queue.lose(("toy", 0), TrialFailure("told too late"))


def test_a_trial_that_may_not_be_tried_again_fails_at_once(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    assert isinstance(queue.take(), TrialJob)
    queue.lose(("toy", 0), TrialFailure("timed out"), again=False)
    assert queue.main.frozen()[0].user_attrs["cause"] == "timed out"


def test_live_trials_are_served_again_before_all_others_and_count_once(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    first, second = queue.take(), queue.take()
    queue.serve_again(*list(queue.live))
    assert not queue.live
    assert queue.take() == first
    assert queue.take() == second
    queue.serve_again(*list(queue.live))
    assert [job.number for job in drain(queue)] == [0, 1, 2, 3, 4]


def test_history_told_again_adds_no_point(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    job = queue.take()
    assert isinstance(job, TrialJob)
    key = (job.study, job.number)
    for epoch in (1, 2, 1, 2, 3):
        assert queue.report(key, EpochMetrics(epoch, {"score": float(epoch)}))
    assert [point.epoch for point in curve_of(queue.main.frozen()[0])] == [1, 2, 3]


def test_out_of_time_leaves_running_trials_to_be_resumed(storage: RDBStorage) -> None:
    now = [0.0]
    queue = open_queue(storage, toy_space(), Budget(trials=5, seconds=60, clock=lambda: now[0]))
    job = queue.take()
    assert isinstance(job, TrialJob)
    assert queue.report((job.study, job.number), EpochMetrics(1, {"score": 1.0}))
    now[0] = 61.0
    assert not queue.report((job.study, job.number), EpochMetrics(2, {"score": 2.0}))
    assert queue.take() is Empty.DONE
    assert queue.main.frozen()[0].state == TrialState.RUNNING
    assert drain(open_queue(storage, toy_space()))[0].number == 0


def test_one_objective_reports_intermediate_values(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space(objectives=toy_space().objectives[:1]))
    drain(queue)
    assert queue.main.frozen()[1].intermediate_values == {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}


def test_listeners_hear_everything_once(storage: RDBStorage) -> None:
    heard: list[tuple[str, str, int]] = []

    class Ear:
        def __getattr__(self, what: str) -> Callable[..., None]:
            return lambda record: heard.append((what, record.uid, len(record.curve)))

    queue = open_queue(storage, toy_space(), Budget(trials=1))
    queue.listeners = (Ear(),)
    drain(queue)
    assert heard == [("started", "toy/0", 0)] + [("advanced", "toy/0", n) for n in range(1, 5)] + [
        ("ended", "toy/0", 4)
    ]


def cut_before_tell(monkeypatch: pytest.MonkeyPatch, queue: TrialQueue) -> None:
    def killed(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue.main.study, "tell", killed)


@pytest.mark.parametrize("outcome", [TrialResult({"score": 2.0}, 4), TrialFailure("the loss is nan")])
def test_verdict_without_its_tell_is_told_by_the_next_driver(
    storage: RDBStorage, monkeypatch: pytest.MonkeyPatch, outcome: TrialResult | TrialFailure
) -> None:
    queue = open_queue(storage, toy_space())
    job = queue.take()
    assert isinstance(job, TrialJob)
    cut_before_tell(monkeypatch, queue)
    with pytest.raises(KeyboardInterrupt):
        queue.finish((job.study, job.number), outcome)
    jobs = drain(open_queue(storage, toy_space()))
    assert [entry.number for entry in jobs] == [1, 2, 3, 4]
    frozen = open_study(storage, toy_space(), "random", 0, None).frozen()[0]
    assert frozen.state == (TrialState.COMPLETE if isinstance(outcome, TrialResult) else TrialState.FAIL)
    assert frozen.values == ([2.0, 1.0] if isinstance(outcome, TrialResult) else None)


def test_stopped_trial_without_its_tell_is_not_trained_on(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {f"good {n}": Toy(width=2, slope=0.9 + n / 100) for n in range(6)}
    space = toy_space(baselines={**good, "weak": Toy(width=1, slope=0.0)})
    queue = open_queue(storage, space, Budget(trials=7), "median")
    queue.stop_baselines = True
    for _ in range(6):
        job = queue.take()
        assert isinstance(job, TrialJob)
        train(queue, job)
    weak = queue.take()
    assert isinstance(weak, TrialJob)
    cut_before_tell(monkeypatch, queue)
    with pytest.raises(KeyboardInterrupt):
        train(queue, weak)
    assert drain(open_queue(storage, space, Budget(trials=7), "median")) == []
    frozen = open_study(storage, space, "random", 0, None).frozen()[6]
    assert verdict_of(frozen) == Verdict.PRUNED
    assert frozen.constraints["stopped_early"] > 0


@pytest.mark.parametrize("missing", ["report", "curve"])
def test_epoch_that_was_half_written_is_written_again(
    storage: RDBStorage, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    space = toy_space(objectives=toy_space().objectives[:1])
    queue = open_queue(storage, space)
    job = queue.take()
    assert isinstance(job, TrialJob)
    key = (job.study, job.number)
    queue.report(key, EpochMetrics(1, {"score": 1.0}))

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    trial = queue.live[key].trial
    monkeypatch.setattr(trial, "report" if missing == "report" else "set_user_attr", killed)
    with pytest.raises(KeyboardInterrupt):
        queue.report(key, EpochMetrics(2, {"score": 2.0}))
    again = open_queue(storage, space, Budget(trials=1))
    drain(again)
    frozen = again.main.frozen()[0]
    assert list(frozen.intermediate_values) == [1, 2, 3, 4]
    assert [point.epoch for point in curve_of(frozen)] == [1, 2, 3, 4]


def test_metric_called_epoch_does_not_move_the_curve(storage: RDBStorage) -> None:
    queue = open_queue(storage, toy_space())
    job = queue.take()
    assert isinstance(job, TrialJob)
    queue.report((job.study, job.number), EpochMetrics(1, {"score": 1.0, "epoch": 0.0}))
    assert [point.epoch for point in curve_of(queue.main.frozen()[0])] == [1]


def test_reference_that_was_changed_trains_what_its_record_says(storage: RDBStorage) -> None:
    open_queue(storage, toy_space(references={"out": Toy(width=9, slope=1.0)}))
    changed = open_queue(storage, toy_space(references={"out": Toy(width=7, slope=1.0)}), Budget(trials=2))
    widths = {entry.config.width for entry in drain(changed) if entry.study == "toy.references"}  # type: ignore[attr-defined]
    assert widths == {9, 7}
