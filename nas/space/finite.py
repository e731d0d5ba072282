"""Templates with a finite number of configs: their size and their enumeration."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from nas.space.algebra import Params, holes, sample
from nas.space.config import Config
from nas.space.holes import Choice, Range, Repeat
from nas.space.mistakes import Mistake, SpaceError

C = TypeVar("C", bound=Config)


def grid(template: C) -> Iterator[tuple[Params, C]]:
    """Every config of a finite template with its params, each once; those that break a rule are left out.

    Raises:
        SpaceError: naming each hole that has no finite number of values.
    """
    endless = [name for name, hole in holes(template) if isinstance(hole, Range) and not values_of(hole)]
    if endless:
        raise SpaceError(Mistake(name, "has no finite number of values", "give it a step") for name in endless)
    odometer: list[tuple[int, int]] = []
    while True:
        trial = _GridTrial([digit for digit, _ in odometer])
        try:
            config = sample(template, trial)
        except SpaceError:
            pass
        else:
            yield trial.params, config
        odometer = trial.wheels
        while odometer and odometer[-1][0] + 1 == odometer[-1][1]:
            odometer.pop()
        if not odometer:
            return
        digit, size = odometer.pop()
        odometer.append((digit + 1, size))


def size(value: Any) -> float:
    """How many configs a template stands for: a whole number, or infinity."""
    if isinstance(value, Choice):
        return sum(size(option) for option in value.options)
    if isinstance(value, Range):
        return len(values_of(value)) or math.inf
    if isinstance(value, Repeat):
        return sum(size(value.item) ** length for length in range(value.low, value.high + 1))
    if isinstance(value, Config):
        return math.prod(size(part) for _, part in value.fields())
    return math.prod(map(size, value)) if isinstance(value, tuple) else 1


def values_of(hole: Range) -> list[Any]:
    """All values of a finite range; empty where there is no finite number."""
    step = hole.step or (1 if hole.whole else None)
    if step is None:
        return []
    count = math.floor((hole.high - hole.low) / step + 1e-8) + 1
    return [hole.low + index * step for index in range(count)] if count <= 1_000_000 else []


class _GridTrial:
    """Answers suggestions by given digits, then by zeros, and notes how many values each wheel has."""

    def __init__(self, digits: list[int]) -> None:
        self.digits = digits
        self.wheels: list[tuple[int, int]] = []
        self.params: Params = {}

    def _turn(self, name: str, values: Sequence[Any]) -> Any:
        place = len(self.wheels)
        digit = self.digits[place] if place < len(self.digits) else 0
        self.wheels.append((digit, len(values)))
        self.params[name] = values[digit]
        return values[digit]

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._turn(name, choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return int(self._turn(name, range(low, high + 1, step)))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        return float(self._turn(name, values_of(Range(low, high, step, log))))
