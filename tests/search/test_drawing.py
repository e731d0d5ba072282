"""Draws: rejected ones are told with their reason and never trained; the same config comes once."""

import math
from collections.abc import Callable

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from nas import SearchSpace, choice, constraint
from nas.records import Cost, Verdict
from nas.search import drawing
from nas.search.drawing import Drawer, NothingLeft
from nas.search.ledger import Ledger, verdict_of
from nas.search.opening import open_study
from nas.space.mistakes import BrokenCode
from tests.search.conftest import Toy, toy_cost, toy_space

Excess = Callable[[Toy, Cost], float]


def opened(storage: RDBStorage, space: SearchSpace, sampler: str = "random") -> tuple[Ledger, Drawer]:
    ledger = open_study(storage, space, sampler, 0, None)
    return ledger, Drawer(space, ledger, toy_cost, 0)


def test_baselines_come_first_and_equal_ones_once(drawer: Drawer) -> None:
    first, second, third = drawer.draw(), drawer.draw(), drawer.draw()
    assert first.config == Toy(width=1, slope=0.25)
    assert second.config == Toy(width=2, slope=1.0)
    assert third.config not in (first.config, second.config)
    assert first.trial.params == {"width": 1, "slope": 0.25}


def test_infeasible_draw_is_told_pruned_with_its_constraint(storage: RDBStorage) -> None:
    narrow = constraint("width <= 2", lambda config, cost: (cost.params - 2) / 2)
    space = toy_space(baselines={"big": Toy(width=3, slope=0.0)}, constraints=(narrow,))
    ledger, drawer = opened(storage, space)
    draw = drawer.draw()
    refused = ledger.frozen()[0]
    assert refused.state == TrialState.PRUNED
    assert verdict_of(refused) == Verdict.INFEASIBLE
    assert refused.constraints == {"width <= 2": 0.5}
    assert refused.user_attrs["cause"] == "over its limit: width <= 2"
    assert draw.cost is not None
    assert draw.cost.params <= 2


def test_config_that_cannot_be_built_is_infeasible(storage: RDBStorage) -> None:
    def measure(config: object) -> None:
        if config == Toy(width=1, slope=0.25):
            raise ValueError("a 5x5 kernel does not fit a 3x3 map")

    space = toy_space()
    ledger = open_study(storage, space, "random", 0, None)
    draw = Drawer(space, ledger, measure, 0).draw()
    assert draw.trial.number == 1
    assert ledger.frozen()[0].user_attrs["cause"] == "a 5x5 kernel does not fit a 3x3 map"


def test_same_config_is_not_trained_twice(storage: RDBStorage) -> None:
    space = toy_space(template=Toy(width=choice(1, 2), slope=0.5), baselines={"one": Toy(width=1, slope=0.5)})
    ledger, drawer = opened(storage, space)
    widths = {drawer.draw().config, drawer.draw().config}
    assert len(widths) == 2
    duplicates = [frozen for frozen in ledger.frozen() if verdict_of(frozen) == Verdict.DUPLICATE]
    for frozen in duplicates:
        assert frozen.user_attrs["duplicate_of"] in (0, 1) or frozen.user_attrs["duplicate_of"] < frozen.number
        assert frozen.state == TrialState.PRUNED


def test_a_finite_space_ends_when_all_of_it_has_been_drawn(storage: RDBStorage) -> None:
    narrow = constraint("width <= 2", lambda config, cost: (cost.params - 2) / 2)
    space = toy_space(template=Toy(width=choice(1, 2, 3), slope=0.5), baselines={}, constraints=(narrow,))
    _, drawer = opened(storage, space, "random")
    assert {drawer.draw().config for _ in range(2)} == {Toy(width=1, slope=0.5), Toy(width=2, slope=0.5)}
    for current in (drawer, opened(storage, space, "random")[1]):
        with pytest.raises(NothingLeft, match="all 3 configs of the space have been drawn"):
            current.draw()


def test_gives_up_after_so_many_rejected_draws(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "GIVE_UP_AFTER", 30)
    space = toy_space(template=Toy(width=choice(1, 2), slope=0.5), baselines={})
    ledger, drawer = opened(storage, space, "tpe")
    monkeypatch.setattr(drawer, "_size", float("inf"))
    drawer.draw(), drawer.draw()
    with pytest.raises(NothingLeft, match="30 draws in a row"):
        drawer.draw()
    assert ledger.verdicts()[Verdict.DUPLICATE] >= 30


def test_draws_at_random_after_ten_rejected(storage: RDBStorage) -> None:
    class Stuck(optuna.samplers.RandomSampler):
        def sample_independent(self, *args: object) -> object:
            return 1

    space = toy_space(template=Toy(width=choice(1, 2, 3), slope=0.5), baselines={})
    ledger, drawer = opened(storage, space)
    ledger.study.sampler = Stuck()
    drawer.draw()
    assert drawer.draw().config != Toy(width=1, slope=0.5)
    assert ledger.verdicts()[Verdict.DUPLICATE] >= drawing.RANDOM_AFTER
    assert isinstance(ledger.study.sampler, Stuck)


def test_adopted_trial_gets_the_same_config(storage: RDBStorage) -> None:
    space = toy_space(baselines={})
    _, drawer = opened(storage, space)
    draw = drawer.draw()
    again, other = opened(storage, space)
    [trial] = again.running()
    resolved = other.resolve(trial)
    assert resolved is not None
    assert resolved.config == draw.config
    assert resolved.trial.number == draw.trial.number


def test_a_constraint_that_knows_no_number_is_broken(storage: RDBStorage) -> None:
    def odd(config: Toy, cost: Cost) -> float:
        return math.nan if config.width == 1 else -1.0

    space = toy_space(constraints=(constraint("odd", odd),))
    ledger, drawer = opened(storage, space)
    drawn = drawer.draw().config
    assert isinstance(drawn, Toy)
    assert drawn.width != 1
    assert ledger.frozen()[0].user_attrs["cause"] == "over its limit: odd"
    again, other = opened(storage, space)
    assert [other.resolve(trial) is not None for trial in again.running()] == [True]


@pytest.mark.parametrize(
    ("excess", "line"),
    [
        (lambda config, cost: 1 / 0, "constraint odd: ZeroDivisionError: division by zero; mend its function"),
        (lambda config, cost: True, "constraint odd: its function must return a number, got True; return by how much"),
        (lambda config, cost: None, "constraint odd: its function must return a number, got None; return by how much"),
    ],
)
def test_a_constraint_whose_code_fails_is_told_at_once(storage: RDBStorage, excess: Excess, line: str) -> None:
    _, drawer = opened(storage, toy_space(baselines={}, constraints=(constraint("odd", excess),)))
    with pytest.raises(BrokenCode) as told:
        drawer.draw()
    assert str(told.value).startswith(line)


def test_a_network_whose_code_fails_is_trained_to_fail_by_its_true_cause(storage: RDBStorage) -> None:
    def measure(config: object) -> Cost:
        raise KeyError("a mistake in build")

    _, drawer = opened(storage, toy_space(baselines={}))
    drawer.measure = measure
    assert drawer.draw().cost is None
