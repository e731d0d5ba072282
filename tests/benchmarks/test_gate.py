"""The gate's figures, and the plain loop that it compares with."""

import math
from pathlib import Path

import pytest
import torch

from benchmarks.gate import Plan, draw, judge, kendall
from benchmarks.plain_loop import build, train
from nas import ConvNet, Digits, ReduceOnPlateau, TrialConfig
from nas.data.splits import load_splits
from nas.job import TrialJob
from nas.models.build import build_model
from nas.records import DataPlace
from nas.trial import run_trial

RISING = [0.1 * number for number in range(1, 9)]


def table(fast: list[list[float]], plain: list[list[float]]) -> dict[str, dict[int, list[float]]]:
    return {"nas": dict(enumerate(fast)), "plain": dict(enumerate(plain))}


def swapped(values: list[float], place: int) -> list[float]:
    return [*values[:place], values[place + 1], values[place], *values[place + 2 :]]


def test_kendall_counts_pairs() -> None:
    assert kendall([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx((5 - 1) / 6)
    assert kendall([1, 2, 3], [3, 2, 1]) == -1


def test_as_good_as_another_seed_passes() -> None:
    found = judge(table([swapped(RISING, 0), swapped(RISING, 4)], [RISING, swapped(RISING, 2)]))
    assert found["tau_fast"] == [pytest.approx(26 / 28), pytest.approx(24 / 28)]
    assert found["tau_plain"] == [pytest.approx(26 / 28)]
    assert not found["passed"]  # 25 / 28 on average is more than 0.02 below


def test_the_same_accuracies_pass() -> None:
    plain = [RISING, swapped(RISING, 2)]
    found = judge(table(plain, plain))
    assert found["passed"]
    assert found["mean_difference"] == 0
    assert found["standard_error"] == pytest.approx(math.sqrt((2 * 0.1**2 / 8) / 16))


def test_a_lower_level_does_not_pass() -> None:
    plain = [RISING, swapped(RISING, 2)]
    lower = [[value - 0.05 for value in values] for values in plain]
    found = judge(table(lower, plain))
    assert min(found["tau_fast"]) == pytest.approx(1)
    assert not found["passed"]


def test_a_failure_of_nas_alone_does_not_pass() -> None:
    plain = [RISING, RISING]
    found = judge(table([RISING, [math.nan, *RISING[1:]]], plain))
    assert (found["left_out"], found["failed_in_nas_only"], found["passed"]) == (1, 1, False)


def test_draws_are_the_same_every_time_and_not_too_large() -> None:
    plan = Plan(configs=6, seeds=1, epochs=3, max_mflops=20)
    configs, passed_over = draw(plan)
    assert (configs, passed_over) == draw(plan)
    assert passed_over > 0
    assert len(set(map(repr, configs))) == 6
    assert all(config.epochs == 3 for config in configs)


@pytest.mark.parametrize("model", [
    ConvNet(conv_layers=3, filters=8, kernel_size=5, batch_norm=True, max_pool=True, dense_width=16, dropout=0.2),
    ConvNet(conv_layers=5, filters=4, max_pool=True, dense_layers=2, dense_width=8),
])  # fmt: skip
def test_the_plain_network_starts_as_that_of_nas(model: ConvNet) -> None:
    torch.manual_seed(5)
    ours = build_model(model, (3, 8, 8), 10)
    torch.manual_seed(5)
    plain = build(model, 3, 8, 10)
    for left, right in zip(ours.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(left, right)


def test_the_plain_loop_is_that_of_nas_in_fp32(tmp_path: Path) -> None:
    model = ConvNet(conv_layers=1, filters=8, batch_norm=True, dense_width=16)
    config = TrialConfig(
        data=Digits(channels=3, limit=400), model=model, schedule=ReduceOnPlateau(), epochs=2, precision="fp32", seed=1
    )
    place = DataPlace(tmp_path, tmp_path / "cache")
    splits = load_splits(config.data, place, config.seed)
    job = TrialJob("gate", 0, config, 2, tmp_path / "checkpoints", tmp_path / "weights", place)
    ours = run_trial(job, lambda point: True).metrics["last_val_accuracy"]
    assert train(config, splits) == pytest.approx(ours, abs=1.5 / len(splits.val))
