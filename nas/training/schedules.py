"""The learning rate of each epoch."""

import math
from collections.abc import Mapping
from typing import Any

from nas.config import Constant, Cosine, ReduceOnPlateau, Schedule
from nas.training.patience import Patience


class LearningRate:
    """The learning rate over the epochs; this one stays as it was."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def at(self, epoch: int) -> float:
        """The rate to use in `epoch` (from 1), once the metrics of all epochs before it were observed."""
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

    def at(self, epoch: int) -> float:
        """The rate to use in `epoch` (from 1)."""
        share_done = (epoch - 1) / self.epochs
        return self.min_lr + (self.lr - self.min_lr) * (1 + math.cos(math.pi * share_done)) / 2


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


def build_schedule(config: Schedule, lr: float, epochs: int) -> LearningRate:
    """The schedule of `config` that starts at `lr`, for a training of so many epochs.

    Raises:
        TypeError: no schedule is known for this config.
    """
    match config:
        case Constant():
            return LearningRate(lr)
        case Cosine():
            return CosineRate(lr, config.min_lr, epochs)
        case ReduceOnPlateau():
            return PlateauRate(lr, config)
    raise TypeError(f"no schedule is known for {type(config).__name__}")
