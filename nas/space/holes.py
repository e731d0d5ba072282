"""Holes: the values of a template that the search may choose.

Each factory is typed as the value that it stands for (as `dataclasses.field` is), so that
`ConvNet(filters=choice(32, 64))` passes a strict type checker. A hole says what is wrong with itself by `problems()`;
the config in which it stands asks, because only there its path is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
T = TypeVar("T")

INT64 = 2**63 - 1


@dataclass(frozen=True)
class Choice:
    """One of several options, without an order. `labels` names the options that are not plain values."""

    options: tuple[Any, ...]
    labels: tuple[Any, ...]

    def problems(self) -> list[str]:
        """What is wrong with the hole itself, in words; empty when nothing is."""
        found = []
        if len(self.options) < 2:
            found.append(f"choice needs at least two options, got {len(self.options)}")
        for index, label in enumerate(self.labels):
            if any(same(label, earlier) for earlier in self.labels[:index]):
                found.append(f"choice has the option {label!r} twice")
        return found

    def samples(self) -> tuple[Any, ...]:
        """Values that must all be valid where the hole stands: every option."""
        return self.options

    def with_samples(self, values: Sequence[Any]) -> "Choice":
        """The same hole with its options as the config's field reads them (0 becomes 0.0 in a float field)."""
        labels = tuple(new if is_plain(new) else old for new, old in zip(values, self.labels, strict=True))
        return replace(self, options=tuple(values), labels=labels)


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; whole numbers if `whole`."""

    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    def problems(self) -> list[str]:
        """What is wrong with the hole itself, in words; empty when nothing is."""
        low, high, step = self.low, self.high, self.step
        numbers = [value for value in (low, high, step) if value is not None]
        wrong = [value for value in numbers if isinstance(value, bool) or not isinstance(value, (int, float))]
        if wrong:
            return [f"a range needs numbers, got {wrong[0]!r}"]
        if not all(math.isfinite(value) for value in numbers):
            return [f"bounds must be finite, got low={low}, high={high}"]
        found = []
        if self.whole and any(not isinstance(value, int) for value in numbers):
            found.append(f"integer needs whole numbers, got low={low}, high={high}, step={step}")
        if self.whole and any(abs(value) > INT64 for value in numbers):
            found.append(f"integers must fit in 64 bit, got low={low}, high={high}")
        if low >= high:
            found.append(f"low < high must hold, got low={low}, high={high}")
        if self.log and low <= 0:
            found.append(f"a log range must start above 0, got low={low}")
        if step is not None and not 0 < step <= high - low:
            found.append(f"0 < step <= high - low must hold, got step={step}, low={low}, high={high}")
        if self.log and step is not None and not (self.whole and step == 1):
            found.append(f"a log range takes no step, got step={step}")
        return found

    def samples(self) -> tuple[float, float]:
        """Values that must all be valid where the hole stands: both ends."""
        return self.low, self.high

    def with_samples(self, values: Sequence[Any]) -> "Range":
        """The same hole with its ends as the config's field reads them."""
        return replace(self, low=values[0], high=values[1])

    def holds(self, value: object) -> bool:
        """Whether the range can produce the value."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-8)


@dataclass(frozen=True)
class Repeat:
    """A tuple of low to high items, each drawn on its own from the same template."""

    item: Any
    low: int
    high: int

    def problems(self) -> list[str]:
        """What is wrong with the hole itself, in words; empty when nothing is."""
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in (self.low, self.high)):
            return [f"repeat needs whole numbers, got low={self.low!r}, high={self.high!r}"]
        if not 1 <= self.low <= self.high <= 1000:
            return [f"1 <= low <= high <= 1000 must hold, got low={self.low}, high={self.high}"]
        return []


Hole = Choice | Range | Repeat


@overload
def choice(first: A, second: B, /, *, labels: Sequence[str] = ()) -> A | B: ...
@overload
def choice(first: A, second: B, third: C, /, *, labels: Sequence[str] = ()) -> A | B | C: ...
@overload
def choice(first: A, second: B, third: C, fourth: D, /, *, labels: Sequence[str] = ()) -> A | B | C | D: ...
@overload
def choice(
    first: A, second: B, third: C, fourth: D, fifth: E, /, *, labels: Sequence[str] = ()
) -> A | B | C | D | E: ...
@overload
def choice(*options: T, labels: Sequence[str] = ()) -> T: ...
def choice(*options: Any, labels: Sequence[str] = ()) -> Any:
    """A hole that takes one of the options; typed as their union.

    Numbers, strings, booleans and None are stored as they are. Configs are stored by label: their kind (`convnet`),
    numbered where a kind stands twice, or the names given in `labels`. The holes of a branch exist only when it is
    chosen.
    """
    return Choice(options, tuple(labels) if labels else _default_labels(options))


def integer(low: int, high: int, *, step: int = 1, log: bool = False) -> int:
    """A hole that takes a whole number from low to high, both included."""
    hole: Any = Range(low, high, None if log and step == 1 else step, log, whole=True)
    return hole  # type: ignore[no-any-return]


def uniform(low: float, high: float, *, step: float | None = None) -> float:
    """A hole that takes a number from low to high, all equally likely."""
    hole: Any = Range(low, high, step)
    return hole  # type: ignore[no-any-return]


def log_uniform(low: float, high: float) -> float:
    """A hole that takes a number from low to high, its logarithm uniform: for learning rates and penalties."""
    hole: Any = Range(low, high, log=True)
    return hole  # type: ignore[no-any-return]


def repeat(item: T, low: int, high: int) -> tuple[T, ...]:
    """A hole that takes a tuple of low to high items; the holes in `item` are drawn anew for each."""
    hole: Any = Repeat(item, low, high)
    return hole  # type: ignore[no-any-return]


def is_plain(value: object) -> bool:
    """Whether the value can be stored as it is: a number, string, boolean or None."""
    return value is None or isinstance(value, (bool, int, float, str))


def same(left: object, right: object) -> bool:
    """Equality that keeps 1, True and 1.0 apart."""
    return type(left) is type(right) and left == right


def _default_labels(options: Sequence[Any]) -> tuple[Any, ...]:
    kinds = [option if is_plain(option) else getattr(option, "kind", None) or str(option) for option in options]
    labels = []
    for index, kind in enumerate(kinds):
        earlier = sum(kind == other for other in kinds[:index])
        repeated = not is_plain(options[index]) and earlier > 0
        labels.append(f"{kind}_{earlier + 1}" if repeated else kind)
    return tuple(labels)
