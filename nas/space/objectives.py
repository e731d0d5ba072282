"""What a search aims at, and what it keeps within."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nas.records import Cost
from nas.space.holes import INT64, shown
from nas.space.mistakes import BrokenCode, Mistake, SpaceError, in_a_line, put_off

_COSTS = ("params", "trainable_params", "flops", "activation_bytes", "seconds")
METRICS_OF_TASK = {
    "classification": (
        "val_accuracy", "val_loss", "train_accuracy", "train_loss", "accuracy_per_million_params", *_COSTS,
    ),
    "regression": (
        "val_r2", "val_mse", "val_mae", "val_loss", "train_r2", "train_mse", "train_mae", "train_loss", *_COSTS,
    ),
}  # fmt: skip
"""What an objective may aim at on images and on a table. Test figures are not among them: they never steer anything."""
METRICS = tuple(dict.fromkeys(metric for metrics in METRICS_OF_TASK.values() for metric in metrics))
"""All of them."""
GREATER_IS_BETTER = ("accuracy", "accuracy_per_million_params", "r2", "precision", "recall", "f1", "ratio", "on_front")
"""Names, or ends of names, of figures of which the largest is the best; of all others the smallest is."""

PlainObjective = Callable[[Any, int], Iterator[Mapping[str, float]]]
"""A Python objective in place of training: called with config and budget, yields metrics after each epoch."""


@dataclass(frozen=True)
class Objective:
    """One metric to aim at."""

    metric: str
    direction: Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Constraint:
    """What a config must keep within, decided before training. `excess` is positive where it is broken."""

    name: str
    excess: Callable[[Any, Cost], float]

    def excess_of(self, config: Any, cost: Cost | None) -> float:
        """By how much the config passes the limit; what is not a number passes it by 1.

        Raises:
            BrokenCode: the function fails, or returns something else than a number.
        """
        where = f"constraint {self.name}"
        try:
            found: Any = self.excess(config, cost)  # type: ignore[arg-type]
        except Exception as error:
            raise BrokenCode([Mistake(where, in_a_line(error), "mend its function of config and cost")]) from error
        try:
            number = None if type(found).__name__ in ("bool", "bool_", "str") else float(found)
        except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor of several numbers
            number = None
        if number is None:
            todo = "return by how much the limit is passed: positive where it is, else 0 or less"
            raise BrokenCode([Mistake(where, f"its function must return a number, got {shown(found)}", todo)])
        return 1.0 if math.isnan(number) else number


def maximize(metric: str) -> Objective:
    """An objective: the larger, the better."""
    return Objective(metric, "maximize")


def minimize(metric: str) -> Objective:
    """An objective: the smaller, the better."""
    return Objective(metric, "minimize")


def max_params(limit: int) -> Constraint:
    """At most so many parameters, batch-norm statistics included."""
    limit = _checked("max_params", limit)
    return Constraint(f"params <= {limit:,}", lambda config, cost: (cost.params - limit) / limit)


def max_flops(limit: int) -> Constraint:
    """At most so many floating-point operations an image (forward pass, 2 x MACs)."""
    limit = _checked("max_flops", limit)
    return Constraint(f"flops <= {limit:,}", lambda config, cost: (cost.flops - limit) / limit)


def constraint(name: str, excess: Callable[[Any, Cost], float]) -> Constraint:
    """A constraint of your own: `excess(config, cost)` is positive by as much as the limit is passed, else 0 or less.

    `constraint("at most 8 layers", lambda config, cost: config.model.conv_layers - 8)`
    """
    return Constraint(name, excess)


def _checked(name: str, limit: Any) -> int:
    if type(limit) is int and 0 < limit <= INT64:
        return limit
    mistake = Mistake(name, f"the limit must be a whole number above 0, got {shown(limit)}", "write one")
    if not put_off([mistake]):
        raise SpaceError([mistake])
    return 1
