"""Balanced draws: options get equal numbers of trials, whatever becomes of them, over restarts too."""

from collections import Counter

import pytest
from optuna.storages import RDBStorage

from nas import Config, SearchSpace, choice, constraint, uniform
from nas.records import TrialFailure, TrialResult, Verdict
from nas.search.balance import PATIENCE, Balance
from nas.search.drawing import Drawer, NothingLeft
from nas.search.ledger import Ledger
from nas.search.opening import open_study
from nas.search.queue import TrialQueue
from tests.search.conftest import Toy, climb, toy_cost, toy_space
from tests.search.test_queue import open_queue, train


class Part(Config):
    """A branch with a hole of its own."""

    rate: float = 0.0


class Wide(Part):
    """Another branch."""

    bonus: float = 0.0


class Branched(Config):
    """A choice of branches."""

    part: Part = Part()
    size: int = 1


BRANCHED = SearchSpace(
    "branched",
    Branched(part=choice(Part(rate=uniform(0.0, 1.0)), Wide(bonus=uniform(0.0, 1.0)), labels=("a", "b"))),
    objective=climb,
    epochs=4,
    balanced="part",
)


def draw_some(storage: RDBStorage, space: SearchSpace, count: int, sampler: str = "tpe") -> Ledger:
    """Draw and finish so many trials with a driver of their own."""
    ledger = open_study(storage, space, sampler, 0, None)
    drawer = Drawer(space, ledger, toy_cost if space.template.__class__ is Toy else lambda config: None, 0)
    for index in range(count):
        draw = drawer.draw()
        ledger.begin(draw.trial, draw.config, draw.cost)
        if index % 3 == 0:
            ledger.fail(draw.trial, TrialFailure("boom"))
        else:
            values = [0.5 + 0.1 * (draw.trial.params.get("width", 0) == 3)] * len(space.objectives)
            ledger.complete(draw.trial, TrialResult({}, epochs=1), values)
    return ledger


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_each_option_gets_as_many_trials_within_one_over_restarts(storage: RDBStorage, sampler: str) -> None:
    space = toy_space(balanced="width")
    for count in (4, 1, 3, 5):
        ledger = draw_some(storage, space, count, sampler)
        counts = Balance.of(space.template, "width", ledger).counts()
        assert max(counts.values()) - min(counts.values()) <= 1, counts
    drawn = [record.params["width"] for record in ledger.records() if not record.baseline]
    assert len(drawn) == 11  # two baselines came first
    assert sorted(Counter(drawn).values()) == [3, 4, 4]


def test_holes_below_the_choice_go_on_working(storage: RDBStorage) -> None:
    ledger = draw_some(storage, BRANCHED, 8)
    params = [record.params for record in ledger.records()]
    assert Counter(own["part"] for own in params) == {"a": 4, "b": 4}
    for own in params:
        assert own.keys() == {"part", "part.a.rate" if own["part"] == "a" else "part.b.bonus"}
    assert len({tuple(own.values()) for own in params}) == 8


def test_infeasible_draws_do_not_count(storage: RDBStorage) -> None:
    steep = constraint("steep", lambda config, cost: 0.5 - config.slope if config.width == 2 else -1.0)
    space = toy_space(baselines={}, balanced="width", constraints=(steep,))
    ledger = draw_some(storage, space, 12, "random")
    assert Counter(record.params["width"] for record in ledger.records()) == {1: 4, 2: 4, 3: 4}
    assert ledger.verdicts()[Verdict.INFEASIBLE] > 0


def test_an_option_of_which_nothing_is_feasible_is_passed_over(storage: RDBStorage) -> None:
    narrow = constraint("narrow", lambda config, cost: 1.0 if config.width == 2 else -1.0)
    space = toy_space(baselines={}, balanced="width", constraints=(narrow,))
    ledger = draw_some(storage, space, 6, "random")
    assert Counter(record.params["width"] for record in ledger.records()) == {1: 3, 3: 3}
    assert ledger.verdicts()[Verdict.INFEASIBLE] == PATIENCE


def test_when_no_option_has_anything_left_it_ends(storage: RDBStorage) -> None:
    never = constraint("never", lambda config, cost: 1.0)
    space = toy_space(baselines={}, balanced="width", constraints=(never,))
    ledger = open_study(storage, space, "random", 0, None)
    with pytest.raises(NothingLeft, match="nothing is left to draw of any option of width; 180 draws: over its limit"):
        Drawer(space, ledger, toy_cost, 0).draw()


def test_running_and_pruned_trials_count(storage: RDBStorage) -> None:
    space = toy_space(baselines={}, balanced="width")
    ledger = open_study(storage, space, "random", 0, None)
    drawer = Drawer(space, ledger, toy_cost, 0)
    first, second, third = drawer.draw(), drawer.draw(), drawer.draw()
    assert {draw.config.width for draw in (first, second, third)} == {1, 2, 3}  # type: ignore[attr-defined]
    ledger.begin(first.trial, first.config, first.cost)
    ledger.prune(first.trial, 1, 4)
    assert Balance.of(space.template, "width", ledger).counts() == {1: 1, 2: 1, 3: 1}


def test_parallel_trials_of_a_queue_stay_balanced(storage: RDBStorage) -> None:
    space = toy_space(balanced="width", baselines={})
    queue: TrialQueue = open_queue(storage, space)
    queue.budget.trials = 9
    jobs = [queue.take() for _ in range(5)]
    for job in jobs:
        train(queue, job)  # type: ignore[arg-type]
    jobs += [queue.take() for _ in range(4)]
    assert Counter(job.config.width for job in jobs) == {1: 3, 2: 3, 3: 3}  # type: ignore[union-attr]
