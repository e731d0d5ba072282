"""How long a search will take here: a rough figure from a few measured training steps.

Three networks of the space are timed (the fewest, the median and the most FLOPs of those that a step takes seconds of,
not minutes); the others are placed between and beyond them by their FLOPs. A trial is its training images and, at a
third of the work, twice its validation images, times its epochs and replicates; what a start, the data and early
stopping add or save is not known before.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nas.config import TrialConfig
from nas.records import Cost

Priced = tuple[TrialConfig, Cost]
Rate = tuple[int, float]
"""FLOPs of a forward pass of one image, and the seconds that training takes for each image."""


@dataclass(frozen=True)
class Plan:
    """What a search is going to train. named: distinct baselines and references. drawn: what a sampler may draw.

    extra: trials drawn after the baselines. images: of the train part, for an epoch that has no number of its own.
    validated: of the validation part.
    measurable: FLOPs of a forward pass of one image up to which a network is quick enough to be timed.
    """

    named: Sequence[Priced]
    drawn: Sequence[Priced]
    extra: int
    images: float
    validated: float = 0.0
    measurable: float = math.inf


@dataclass(frozen=True)
class Prediction:
    """seconds: of the whole search, rough. trials: references among them. at_once: trials that run side by side."""

    seconds: float
    trials: int
    at_once: int


def predict(plan: Plan, measure: Callable[[TrialConfig, Cost], float]) -> Prediction | None:
    """The prediction; None where there is nothing to train. `measure` gives the seconds for each image of a network."""
    priced = sorted([*plan.named, *plan.drawn], key=lambda pair: pair[1].flops)
    if not priced:
        return None
    quick = [pair for pair in priced if pair[1].flops <= plan.measurable] or priced[:1]
    chosen = {pair[1].flops: pair for pair in (quick[0], quick[len(quick) // 2], quick[-1])}
    rates = [(flops, measure(*pair)) for flops, pair in sorted(chosen.items())]
    seconds = sum(_trial_seconds(pair, plan, rates) for pair in plan.named)
    if plan.drawn:
        mean = sum(_trial_seconds(pair, plan, rates) for pair in plan.drawn) / len(plan.drawn)
        seconds += mean * plan.extra
    trials = len(plan.named) + (plan.extra if plan.drawn else 0)
    at_once = min(trials, _trials_at_once())
    return Prediction(seconds / at_once, trials, at_once)


def interpolate(rates: Sequence[Rate], flops: int) -> float:
    """Seconds for each image of a network of so many FLOPs: straight lines between the logarithms of the measured ones,
    in proportion beyond them.
    """
    for (low, at_low), (high, at_high) in pairwise(rates):
        if low <= flops <= high:
            along = math.log(flops / low) / math.log(high / low)
            return float(at_low * (at_high / at_low) ** along)
    nearest = rates[0] if flops < rates[0][0] else rates[-1]
    return nearest[1] * flops / nearest[0]


def _trial_seconds(pair: Priced, plan: Plan, rates: Sequence[Rate]) -> float:
    config, cost = pair
    images = (config.images_per_epoch or plan.images) + 2 / 3 * plan.validated
    return config.replicates * config.epochs * images * interpolate(rates, cost.flops)


def _trials_at_once() -> int:
    """As the search shares out a machine by default: a trial a card, else a trial a core."""
    import torch

    return torch.cuda.device_count() or len(os.sched_getaffinity(0))
