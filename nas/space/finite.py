"""Templates with a finite number of configs: their size and their enumeration."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    endless = [name for name, hole in holes(template) if isinstance(hole, Range) and hole.count is None]
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
        return _finite(sum, map(size, value.options))
    if isinstance(value, Range):
        return math.inf if value.count is None else value.count
    if isinstance(value, Repeat):
        item = size(value.item)
        return item if item == math.inf else sum(item**length for length in range(value.low, value.high + 1))
    if isinstance(value, Config):
        return _finite(math.prod, (size(part) for _, part in value.fields()))
    return _finite(math.prod, map(size, value)) if isinstance(value, tuple) else 1


def _finite(total: Callable[[Iterable[float]], float], sizes: Iterable[float]) -> float:
    """Their total, infinity where one is infinite: whole numbers may be too large to meet a float."""
    listed = list(sizes)
    return math.inf if math.inf in listed else total(listed)


class _GridTrial:
    """Answers suggestions by given digits, then by zeros, and notes how many values each wheel has."""

    def __init__(self, digits: list[int]) -> None:
        self.digits = digits
        self.wheels: list[tuple[int, int]] = []
        self.params: Params = {}

    def _turn(self, name: str, count: int, nth: Callable[[int], Any]) -> Any:
        place = len(self.wheels)
        digit = self.digits[place] if place < len(self.digits) else 0
        self.wheels.append((digit, count))
        self.params[name] = nth(digit)
        return self.params[name]

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._turn(name, len(choices), choices.__getitem__)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        values = range(low, high + 1, step)
        return int(self._turn(name, len(values), values.__getitem__))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        hole = Range(low, high, step, log)
        return float(self._turn(name, hole.count or 1, lambda index: hole.suggestion(hole.nth(index))))
