"""What a space holds, judged by random draws: how large its networks are, and how many of them are infeasible."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Any

from nas.records import Cost
from nas.space.algebra import sample
from nas.space.config import Config
from nas.space.holes import Range
from nas.space.mistakes import BrokenCode, Mistake, SpaceError, in_a_line
from nas.space.search_space import SearchSpace

Measure = Callable[[Config], Cost | None]
"""The cost of a config; raises ValueError with the reason where the network cannot be built for this data."""


@dataclass
class RandomTrial:
    """Answers suggestions at random, as the random sampler does, without Optuna. `params` holds what it answered."""

    random: random.Random
    params: dict[str, Any] = field(default_factory=dict)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices, all equally likely."""
        return self.params.setdefault(name, self.random.choice(choices))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number of the range; with `log` its logarithm is uniform."""
        if log:
            value = min(high, max(low, round(self._log_uniform(low - 0.5, high + 0.5))))
        else:
            value = self.random.randrange(low, high + 1, step)
        return int(self.params.setdefault(name, value))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number of the range; with `log` its logarithm is uniform."""
        if step is not None:
            steps = Range(low, high, step)
            value = steps.suggestion(steps.nth(self.random.randrange(steps.count or 1)))
        else:
            value = self._log_uniform(low, high) if log else self.random.uniform(low, high)
        return float(self.params.setdefault(name, value))

    def _log_uniform(self, low: float, high: float) -> float:
        return min(high, max(low, exp(self.random.uniform(log(low), log(high)))))


@dataclass(frozen=True)
class Survey:
    """What random draws of a space showed.

    drawn: how many there were. feasible: config and cost of those that a search would train, smallest first.
    infeasible: how many were not, by reason (a constraint's name, or what does not fit).
    """

    drawn: int
    feasible: tuple[tuple[Config, Cost], ...]
    infeasible: dict[str, int]

    @property
    def share_infeasible(self) -> float:
        """The share of the draws that a search would not train, 0 to 1."""
        return 1 - len(self.feasible) / self.drawn if self.drawn else 0.0

    def params(self) -> tuple[int, int, int] | None:
        """Parameters of the smallest, the median and the largest feasible draw; None where there is none."""
        sizes = [cost.params for _, cost in self.feasible]
        return (sizes[0], sizes[(len(sizes) - 1) // 2], sizes[-1]) if sizes else None


def survey(space: SearchSpace, measure: Measure, draws: int, seed: int = 0) -> Survey:
    """Draw configs of the space at random and measure them."""
    generator = random.Random(seed)
    feasible: list[tuple[Config, Cost]] = []
    infeasible: Counter[str] = Counter()
    for _ in range(draws):
        try:
            config, cost = draw(space, measure, generator)
        except Infeasible as reason:
            infeasible[reason.kind] += 1
        else:
            assert cost is not None
            feasible.append((config, cost))
    feasible.sort(key=lambda pair: pair[1].params)
    return Survey(draws, tuple(feasible), dict(infeasible.most_common()))


def draw(space: SearchSpace, measure: Measure, generator: random.Random) -> tuple[Config, Cost | None]:
    """A random config of the space and its cost.

    Raises:
        Infeasible: a search would not train it.
        BrokenCode: a network's or a constraint's own code fails.
    """
    try:
        config = sample(space.template, RandomTrial(generator))
    except SpaceError as error:
        raise Infeasible(str(error.mistakes[0]), str(error.mistakes[0])) from error
    return config, judged(space, measure, config)


def judged(space: SearchSpace, measure: Measure, config: Config) -> Cost | None:
    """The cost of a config that a search would train.

    Raises:
        Infeasible, BrokenCode: see `draw`.
    """
    cost = measured(measure, config)
    broken = [limit.name for limit in space.constraints if limit.excess_of(config, cost) > 0]
    if broken:
        raise Infeasible(f"over its limit: {', '.join(broken)}", broken[0])
    return cost


def measured(measure: Measure, config: Config) -> Cost | None:
    """The cost of a config.

    Raises:
        Infeasible: its network does not fit the data.
        BrokenCode: its own code fails.
    """
    try:
        return measure(config)
    except ValueError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise Infeasible(reason, "does not fit the images") from error
    except (Exception, SystemExit) as error:
        where = f"network {type(getattr(config, 'model', config)).__name__}"
        raise BrokenCode([Mistake(where, in_a_line(error), "mend its code; `nas train FILE` shows where")]) from error


class Infeasible(Exception):
    """A draw that a search would not train: says why. kind: the same in words without sizes, to be counted by."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind
