"""The stopping rule: hopeless trials stop, the last epoch never does, and a restart changes no verdict."""

import math

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.pruners import SuccessiveHalvingPruner

from nas import maximize, minimize
from nas.records import EpochMetrics
from nas.search.stopping import FEWEST_EPOCHS, FEWEST_TRIALS, StoppingRule, SuccessiveHalving

OBJECTIVES = (maximize("score"), minimize("params"))


def run(rule: StoppingRule, number: int, values: list[float]) -> int | None:
    """The epoch at which the rule stops a curve, None where it lets it finish."""
    for epoch, value in enumerate(values, start=1):
        if rule.stops(number, EpochMetrics(epoch, {"score": value})):
            rule.ended(number, complete=False)
            return epoch
    rule.ended(number, complete=True)
    return None


@pytest.mark.parametrize("scheduler", ["asha", "median", "hyperband"])
def test_a_hopeless_trial_stops_and_a_good_one_does_not(scheduler: str) -> None:
    rule = StoppingRule(scheduler, OBJECTIVES, 27)
    for number in range(12):
        run(rule, number, [0.5 + 0.01 * number] * 27)
    assert run(rule, 20, [0.9] * 27) is None
    # hyperband starts its brackets at different epochs, one of which spares every trial
    assert any(run(rule, number, [0.01] * 27) for number in range(21, 30))


def test_minimised_metric() -> None:
    rule = StoppingRule("median", (minimize("score"),), 8)
    for number in range(6):
        run(rule, number, [1.0] * 8)
    assert run(rule, 6, [2.0] * 8) is not None
    assert run(rule, 7, [0.5] * 8) is None


def test_last_epoch_is_complete_not_stopped() -> None:
    rule = StoppingRule("median", OBJECTIVES, 4)
    for number in range(6):
        run(rule, number, [1.0] * 4)
    assert not rule.stops(9, EpochMetrics(4, {"score": 0.0}))


@pytest.mark.parametrize(
    ("scheduler", "objectives", "epochs"),
    [("none", OBJECTIVES, 50), ("asha", OBJECTIVES, FEWEST_EPOCHS - 1), ("asha", (minimize("params"),), 50)],
)
def test_inactive_where_it_cannot_judge(scheduler: str, objectives: tuple[object, ...], epochs: int) -> None:
    rule = StoppingRule(scheduler, objectives, epochs)  # type: ignore[arg-type]
    assert not rule.active
    assert run(rule, 0, [0.0] * epochs) is None


def test_first_objective_that_has_a_curve_is_judged() -> None:
    rule = StoppingRule("median", (minimize("params"), maximize("score")), 8)
    assert rule.metric == maximize("score")


@pytest.mark.parametrize("scheduler", ["asha", "median", "hyperband"])
def test_refilled_rule_judges_as_the_old_one(scheduler: str) -> None:
    curves = {number: [0.1 * ((number * 7) % 10) + 0.01 * epoch for epoch in range(9)] for number in range(14)}
    told, refilled = StoppingRule(scheduler, OBJECTIVES, 9), StoppingRule(scheduler, OBJECTIVES, 9)
    for number, curve in curves.items():
        stopped = run(told, number, curve)
        shown = curve[:stopped]
        for epoch, value in enumerate(shown, start=1):
            refilled.stops(number, EpochMetrics(epoch, {"score": value}))
        refilled.ended(number, complete=stopped is None)
    for number, level in ((20, 0.2), (21, 0.5), (22, 0.95)):
        assert run(told, number, [level] * 9) == run(refilled, number, [level] * 9)


CURVES = st.lists(st.lists(st.floats(0, 1) | st.just(math.nan), min_size=9, max_size=9), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    curves=CURVES,
    first=st.integers(1, 4),
    factor=st.integers(2, 4),
    direction=st.sampled_from(["maximize", "minimize"]),
)
def test_successive_halving_judges_as_optunas(
    curves: list[list[float]], first: int, factor: int, direction: str
) -> None:
    verdicts = []
    for pruner in (
        SuccessiveHalving(first, factor),
        SuccessiveHalvingPruner(min_resource=first, reduction_factor=factor),
    ):
        study = optuna.create_study(pruner=pruner, direction=direction)
        own = []
        for trial, curve in zip([study.ask() for _ in curves], curves, strict=True):
            for epoch, value in enumerate(curve, start=1):
                trial.report(value, epoch)
                own.append(trial.should_prune())
                if own[-1]:
                    break
        verdicts.append(own)
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("scheduler", ["asha", "median", "hyperband"])
def test_nothing_stops_before_five_trials_have_ended(scheduler: str) -> None:
    rule = StoppingRule(scheduler, OBJECTIVES, 9)
    assert [run(rule, number, [1.0 - number / 10] * 9) for number in range(FEWEST_TRIALS)] == [None] * FEWEST_TRIALS


def test_nan_does_not_upset_it() -> None:
    rule = StoppingRule("asha", OBJECTIVES, 8)
    run(rule, 0, [0.5] * 8)
    rule.stops(1, EpochMetrics(1, {"score": float("nan")}))
    rule.ended(1, complete=False)
    assert run(rule, 2, [0.9] * 8) is None


@pytest.mark.parametrize("scheduler", ["asha", "median", "hyperband"])
def test_the_order_in_which_trials_began_is_no_matter(scheduler: str) -> None:
    """Side by side a trial may begin before one of a lower number; after a restart they come in order."""
    curves = {number: [0.5 + 0.02 * number] * 9 for number in range(0, 40, 3)}
    first, again = (StoppingRule(scheduler, OBJECTIVES, 9) for _ in range(2))
    for rule, numbers in ((first, list(curves)), (again, sorted(curves, reverse=True))):
        for number in numbers:
            for epoch, value in enumerate(curves[number], start=1):
                rule.stops(number, EpochMetrics(epoch, {"score": value}))
            rule.ended(number, complete=True)
    worse = {number: [0.6] * 9 for number in range(50, 70)}
    assert [run(first, *each) for each in worse.items()] == [run(again, *each) for each in worse.items()]
