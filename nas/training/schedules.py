"""The learning rate at every moment of a training."""

import math
from collections.abc import Mapping
from typing import Any

from nas.config import Constant, Cosine, CosineRestarts, OneCycle, ReduceOnPlateau, Schedule, Step
from nas.training.patience import Patience


class LearningRate:
    """The learning rate over the epochs; this one stays as it was."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def at(self, epochs_done: float) -> float:
        """The rate of the step that follows `epochs_done` epochs (2.5: in the middle of the third), once the metrics of
        all whole epochs before it were observed.
        """
        return self.lr

    def observe(self, values: Mapping[str, float]) -> None:
        """Take in the metrics of an epoch."""

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""


class CosineRate(LearningRate):
    """lr(t) = min_lr + (lr - min_lr) (1 + cos(pi t / T)) / 2 after t of T epochs (Loshchilov & Hutter 2016, eq. 5).

    The rate holds for a whole epoch, so that `min_lr` is where the last epoch leads to and none is spent at it.
    """

    def __init__(self, lr: float, min_lr: float, epochs: int) -> None:
        super().__init__(lr)
        self.min_lr = min_lr
        self.epochs = epochs

    def at(self, epochs_done: float) -> float:
        """See `LearningRate`."""
        return between(self.lr, self.min_lr, math.floor(epochs_done) / self.epochs)


class RestartingCosineRate(LearningRate):
    """`CosineRate` at every step, over cycles of c, c g, c g^2, ... epochs (Loshchilov & Hutter 2016, section 3)."""

    def __init__(self, lr: float, config: CosineRestarts) -> None:
        super().__init__(lr)
        self.config = config

    def at(self, epochs_done: float) -> float:
        """See `LearningRate`."""
        begins, length = 0.0, float(self.config.cycle)
        while begins + length <= epochs_done:
            begins, length = begins + length, length * self.config.growth
        return between(self.lr, self.config.min_lr, (epochs_done - begins) / length)


class OneCycleRate(LearningRate):
    """Half a cosine from lr / start up to lr in the first `rise` of all epochs, then another one down to lr / end,
    moving at every step (Smith & Topin 2017).
    """

    def __init__(self, lr: float, config: OneCycle, epochs: int) -> None:
        super().__init__(lr)
        self.config = config
        self.epochs = epochs

    def at(self, epochs_done: float) -> float:
        """See `LearningRate`."""
        share, rise = epochs_done / self.epochs, self.config.rise
        if share < rise:
            return between(self.lr / self.config.start, self.lr, share / rise)
        return between(self.lr, self.lr / self.config.end, (share - rise) / (1 - rise))


class StepRate(LearningRate):
    """Multiplied by `factor` after every `every` epochs."""

    def __init__(self, lr: float, config: Step) -> None:
        super().__init__(lr)
        self.config = config

    def at(self, epochs_done: float) -> float:
        """See `LearningRate`."""
        return self.lr * self.config.factor ** (math.floor(epochs_done) // self.config.every)


class PlateauRate(LearningRate):
    """Multiplied by `factor` each time that `patience` epochs in a row brought no gain, down to `min_lr`."""

    def __init__(self, lr: float, config: ReduceOnPlateau) -> None:
        super().__init__(lr)
        self.config = config
        self.patience = Patience(config.metric, config.patience)

    def observe(self, values: Mapping[str, float]) -> None:
        """Take in the metrics of an epoch."""
        self.patience.observe(values[self.config.metric])
        if self.patience.exhausted:
            self.lr = min(self.lr, max(self.lr * self.config.factor, self.config.min_lr))
            self.patience.waited = 0

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {"lr": self.lr, **self.patience.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.lr = state["lr"]
        self.patience.load_state_dict(state)


class WarmUp(LearningRate):
    """Another schedule, times t / `epochs` in its first epochs t: in a straight line from 0 to where it would be."""

    def __init__(self, schedule: LearningRate, epochs: float) -> None:
        super().__init__(schedule.lr)
        self.schedule = schedule
        self.epochs = epochs

    def at(self, epochs_done: float) -> float:
        """See `LearningRate`."""
        return self.schedule.at(epochs_done) * min(1.0, epochs_done / self.epochs)

    def observe(self, values: Mapping[str, float]) -> None:
        """Take in the metrics of an epoch."""
        self.schedule.observe(values)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return self.schedule.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.schedule.load_state_dict(state)


def between(first: float, last: float, share: float) -> float:
    """Where half a cosine from `first` to `last` is after this share of it."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


def build_schedule(config: Schedule, lr: float, epochs: int) -> LearningRate:
    """The schedule of `config` that starts at `lr`, for a training (or a phase of one) of so many epochs.

    Raises:
        TypeError: no schedule is known for this config.
    """
    schedule = _without_warm_up(config, lr, epochs)
    return WarmUp(schedule, config.warm_up) if config.warm_up else schedule


def _without_warm_up(config: Schedule, lr: float, epochs: int) -> LearningRate:
    match config:
        case Constant():
            return LearningRate(lr)
        case Cosine():
            return CosineRate(lr, config.min_lr, epochs)
        case CosineRestarts():
            return RestartingCosineRate(lr, config)
        case OneCycle():
            return OneCycleRate(lr, config, epochs)
        case Step():
            return StepRate(lr, config)
        case ReduceOnPlateau():
            return PlateauRate(lr, config)
    raise TypeError(f"no schedule is known for {type(config).__name__}")
