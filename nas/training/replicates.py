"""What several trainings of one config, each with a seed of its own, are taken together."""

import math
from collections.abc import Mapping, Sequence
from statistics import harmonic_mean, stdev

from nas.records import EpochMetrics
from nas.training.patience import is_better
from nas.training.training import Training

Figures = Mapping[str, float]


def mean_epoch(trainings: Sequence[Training], epoch: int) -> EpochMetrics:
    """One epoch (from 1) of all trainings: means, but the sum of `seconds`. A training that ended before counts with
    the figures of the epoch that it keeps, and with none for the rest (`lr`, `seconds`, `images_per_second`).
    """
    going_on = [training.history[epoch - 1].values for training in trainings if len(training.history) >= epoch]
    figures = mean([figures_in(training, epoch) for training in trainings])
    return EpochMetrics(epoch, {**mean(going_on), **figures})


def figures_in(training: Training, epoch: int) -> dict[str, float]:
    """The `train_` and `val_` figures of an epoch (from 1), or of the kept one if the training had ended by then."""
    known = epoch if epoch <= len(training.history) else training.kept_epoch
    values = training.history[known - 1].values
    return {name: value for name, value in values.items() if name.startswith(("train_", "val_"))}


def mean(replicates: Sequence[Figures]) -> dict[str, float]:
    """Of each figure its mean; of `seconds` the sum, and of `images_per_second` the rate over all of them."""
    means = {}
    for name in replicates[0]:
        values = [figures[name] for figures in replicates]
        means[name] = math.fsum(values) / len(values)
        if name == "seconds":
            means[name] = math.fsum(values)
        if name == "images_per_second":
            means[name] = harmonic_mean(values)
    return means


def summary(replicates: Sequence[Figures]) -> dict[str, float]:
    """`mean`, and for several replicates the sample deviation of each `val_` and `test_` figure as `..._std`."""
    if len(replicates) == 1:
        return dict(replicates[0])
    spread = {
        f"{name}_std": stdev(figures[name] for figures in replicates)
        for name in replicates[0]
        if name.startswith(("val_", "test_"))
    }
    return {**mean(replicates), **spread}


def best_of(trainings: Sequence[Training]) -> Training:
    """The training whose kept weights have the best validation figure: that of early stopping, else accuracy or R2. The
    first one of equals.
    """
    best = trainings[0]
    stopping = best.config.early_stopping
    metric = stopping.metric if stopping else leading_figure(best.history[-1].values)
    for training in trainings[1:]:
        if is_better(metric, *(each.history[each.kept_epoch - 1].values[metric] for each in (training, best))):
            best = training
    return best


def leading_figure(values: Figures) -> str:
    """What a validation is judged by first: accuracy for classes, R2 for numbers."""
    return "val_accuracy" if "val_accuracy" in values else "val_r2"
