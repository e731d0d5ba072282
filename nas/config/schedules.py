"""How the learning rate moves."""

from typing import Annotated, Literal

from pydantic import Field

from nas.config.fields import NonNegative, Positive
from nas.space.config import Component

Metric = Literal["val_accuracy", "val_loss", "val_r2", "val_mse", "val_mae"]


class Schedule(Component, kind="schedule"):
    """How the learning rate moves over the epochs.

    warm_up: epochs (parts of one too) in which it first rises from 0, step by step, to where the schedule would be.
    """

    warm_up: NonNegative = 0.0


class Constant(Schedule, kind="constant"):
    """The same learning rate throughout."""


class ReduceOnPlateau(Schedule, kind="reduce_on_plateau"):
    """Multiplies the learning rate by `factor` when `metric` has not improved for `patience` epochs."""

    metric: Metric = "val_accuracy"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 5
    min_lr: NonNegative = 0.0


class Step(Schedule, kind="step"):
    """Multiplies the learning rate by `factor` after every `every` epochs."""

    every: Positive = 10
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1


class Cosine(Schedule, kind="cosine"):
    """Half a cosine from the first learning rate to `min_lr` after the last epoch (Loshchilov & Hutter 2016)."""

    min_lr: NonNegative = 0.0


class CosineRestarts(Schedule, kind="cosine_restarts"):
    """Half cosines to `min_lr` one after the other (Loshchilov & Hutter 2016): the first takes `cycle` epochs, each
    next one `growth` times as long.
    """

    cycle: Positive = 10
    growth: Annotated[float, Field(ge=1)] = 2.0
    min_lr: NonNegative = 0.0


class OneCycle(Schedule, kind="one_cycle"):
    """From lr / `start` by half a cosine up to lr in the first `rise` of the training, then down to lr / `end`
    (Smith & Topin 2017); moves at every step.
    """

    rise: Annotated[float, Field(gt=0, lt=1)] = 0.3
    start: Annotated[float, Field(gt=1)] = 25.0
    end: Annotated[float, Field(gt=1)] = 1e4
