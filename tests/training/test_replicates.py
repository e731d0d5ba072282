import math
from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import pytest
import torch

from nas.config import SGD, Adam, EarlyStopping, TrialConfig
from nas.records import EpochMetrics
from nas.training.replicates import best_of, summary
from nas.training.training import Diverged

Train = Callable[..., Any]
Curve = Callable[[tuple[EpochMetrics, ...]], list[dict[str, Any]]]


def same(left: list[dict[str, torch.Tensor]], right: list[dict[str, torch.Tensor]]) -> bool:
    return all(torch.equal(a[name], b[name]) for a, b in zip(left, right, strict=True) for name in a.keys() | b.keys())


def test_each_replicate_is_the_training_of_its_seed(train: Train, config: TrialConfig, curve: Curve) -> None:
    together = train(config.replace(replicates=3))
    alone = [train(config.replace(seed=seed)) for seed in (3, 4, 5)]
    for replicate, single in zip(together.trainings, alone, strict=True):
        assert curve(replicate.history) == curve(single.history)
    assert same(together.weights, [single.weights[0] for single in alone])


def test_the_curve_is_their_mean(train: Train, config: TrialConfig) -> None:
    together = train(config.replace(replicates=2))
    first, second = (training.history for training in together.trainings)
    for point, one, other in zip(together.history, first, second, strict=True):
        for name in ("train_loss", "val_loss", "val_accuracy", "lr"):
            assert point.values[name] == pytest.approx((one.values[name] + other.values[name]) / 2)
        assert point.values["seconds"] == pytest.approx(one.values["seconds"] + other.values["seconds"])
        speeds = [each.values["images_per_second"] for each in (one, other)]
        assert min(speeds) <= point.values["images_per_second"] <= max(speeds)


def test_one_that_has_ended_counts_with_the_epoch_that_it_keeps(train: Train, config: TrialConfig) -> None:
    config = config.replace(early_stopping=EarlyStopping(patience=2), optimizer=Adam(lr=0.03), epochs=30, replicates=3)
    together = train(config)
    lengths = [len(training.history) for training in together.trainings]
    assert min(lengths) < max(lengths) == len(together.history)
    kept = [training.history[training.kept_epoch - 1].values["val_loss"] for training in together.trainings]
    last = [
        training.history[-1].values["val_loss"] if length == max(lengths) else figure
        for training, length, figure in zip(together.trainings, lengths, kept, strict=True)
    ]
    assert together.history[-1].values["val_loss"] == pytest.approx(mean(last))
    going_on = [
        training.history[-1]
        for training, length in zip(together.trainings, lengths, strict=True)
        if length == max(lengths)
    ]
    assert together.history[-1].values["seconds"] == math.fsum(point.values["seconds"] for point in going_on)


@pytest.mark.parametrize("changes", [{}, {"early_stopping": EarlyStopping(patience=1), "epochs": 12}])
def test_resumed_equals_uninterrupted(
    train: Train, train_with_a_break: Train, config: TrialConfig, curve: Curve, changes: dict[str, Any]
) -> None:
    config = config.replace(replicates=2, **changes)
    straight, resumed = train(config), train_with_a_break(config, after=3)
    assert curve(resumed.history) == curve(straight.history)
    assert same(resumed.weights, straight.weights)


def test_report_ends_them_all(train: Train, config: TrialConfig) -> None:
    stopped = train(config.replace(replicates=2), lambda metrics: metrics.epoch < 2)
    assert stopped.fitted.stopped_early
    assert [len(training.history) for training in stopped.trainings] == [2, 2]


def test_the_error_names_the_seed(train: Train, config: TrialConfig) -> None:
    with pytest.raises(Diverged, match=r" in epoch 1 with seed 3$"):
        train(config.replace(replicates=2, optimizer=SGD(lr=1e30)))


def test_summary() -> None:
    rows = [
        {"val_loss": 0.25, "test_r2": 0.5, "seconds": 2.0, "images_per_second": 100.0, "macro_f1": 0.5},
        {"val_loss": 0.75, "test_r2": 0.5, "seconds": 3.0, "images_per_second": 300.0, "macro_f1": 0.7},
    ]
    assert summary(rows) == pytest.approx(
        {
            "val_loss": 0.5,
            "test_r2": 0.5,
            "seconds": 5.0,
            "images_per_second": 150.0,
            "macro_f1": 0.6,
            "val_loss_std": stdev([0.25, 0.75]),
            "test_r2_std": 0.0,
        }
    )
    assert summary(rows[:1]) == rows[0]


@pytest.mark.parametrize(("metric", "best"), [("val_accuracy", max), ("val_loss", min)])
def test_the_best_by_its_kept_epoch(train: Train, config: TrialConfig, metric: Any, best: Any) -> None:
    stopping = EarlyStopping(metric=metric, patience=2)
    trainings = train(config.replace(replicates=4, early_stopping=stopping)).trainings
    figures = [training.history[training.kept_epoch - 1].values[metric] for training in trainings]
    assert trainings.index(best_of(trainings)) == figures.index(best(figures))
    assert len(set(figures)) > 1
