"""Holes: the values of a template that the search may choose.

A hole says what is wrong with itself by `problems()`; the config in which it stands asks, because only there its path
is known.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

INT64 = 2**63 - 1
MOST_OPTIONS = 1000
MOST_VALUES = 10_000
"""How many values a repeat may stand for, those of the repeats inside it included."""
_FINEST = 10**15
_LONGEST_LABEL = 200
_SHOWN = 80


@dataclass(frozen=True)
class Choice:
    """One of several options, without an order. `labels` names the options that are not plain values."""

    options: tuple[Any, ...]
    labels: tuple[Any, ...]

    def problems(self) -> list[str]:
        """What is wrong with the hole itself, in words; empty when nothing is."""
        count = len(self.options)
        if count > MOST_OPTIONS:
            return [f"choice takes at most {MOST_OPTIONS:,} options, got {count:,}; use integer(low, high) or fewer"]
        found = []
        if count < 2:
            found.append(f"choice needs at least two options, got {count}; add one, or write the value")
        if len(self.labels) != count:
            what = f"choice needs a label for each option, got {len(self.labels)} for {count}"
            return [*found, f"{what}; give as many labels as options"]
        if not all(map(is_plain, self.labels)):
            return [*found, f"labels must be texts, got {shown(self.labels)}; give them as labels=('a', 'b')"]
        for option, label in zip(self.options, self.labels, strict=True):
            if is_plain(option) and option != option:
                found.append(f"choice takes no {option!r}, which equals nothing; remove it")
            found += [] if is_plain(option) else _label_problems(label, in_path=not isinstance(option, tuple))
        return found + self._twins()

    def _twins(self) -> list[str]:
        found, first = [], dict[Any, Any]()
        for index, label in enumerate(self.labels):
            if label not in first:
                first[label] = label
            elif any(same(earlier, label) for earlier in self.labels[:index]):
                found.append(f"choice has the option {shown(label)} twice; remove one")
            else:
                both = f"{shown(first[label])} and {shown(label)}"
                found.append(f"choice has the options {both}, which are one to the sampler; remove one")
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
        numbers = [low, high] if step is None else [low, high, step]
        got = ", ".join(f"{name}={shown(value)}" for name, value in zip(("low", "high", "step"), numbers, strict=False))
        wrong = [value for value in numbers if type(value) not in (int, float)]
        if wrong:
            return [f"a range needs numbers, got {shown(wrong[0])}; write plain ones, such as 8 or 0.5"]
        if not isinstance(self.log, bool):
            return [f"log must be True or False, got {shown(self.log)}; write one of them"]
        if self.whole and any(not isinstance(value, int) for value in numbers):
            return [f"integer needs whole numbers, got {got}; use uniform with a step"]
        if self.whole and any(abs(value) > INT64 for value in numbers):
            return [f"integers must fit in 64 bit, got {got}; write smaller ones"]
        if not all(abs(value) <= sys.float_info.max / 2 for value in numbers):
            return [f"bounds must be finite and below 9e307, got {got}; write smaller ones"]
        found = []
        if low >= high:
            todo = "swap them" if low > high else "write the value itself"
            found.append(f"low < high must hold, got low={low}, high={high}; {todo}")
        elif step is not None and not 0 < step <= high - low:
            found.append(f"0 < step <= high - low must hold, got {got}; change the step")
        elif step is not None and not self.whole and (high - low) / step > _FINEST:
            found.append(f"step is too small for the range, got {got}; take a larger one, or none")
        elif step is not None and not self.whole and _exact(self.last) != _exact(low) + (self._steps() * _exact(step)):
            found.append(f"with a step, low must be a round number, got low={low}, step={step}; round it")
        if self.log and low <= 0:
            found.append(f"a log range must start above 0, got low={low}; raise it, or take the log away")
        if self.log and step is not None:
            found.append(f"a log range takes no step, got step={step}; leave one of them out")
        return found

    def samples(self) -> tuple[float, ...]:
        """Values that must all be valid where the hole stands: both ends, and the first step (is it even?)."""
        kind = int if self.whole else float
        second = (self.nth(1),) if self.count not in (None, 2) else ()
        return (kind(self.low), kind(self.last), *second)

    def with_samples(self, values: Sequence[Any]) -> "Range":
        """The same hole with its ends as the config's field reads them."""
        return replace(self, low=values[0], high=values[1])

    @property
    def count(self) -> int | None:
        """The number of values; None where it is not finite."""
        if self.whole:
            return int((self.high - self.low) // (self.step or 1)) + 1
        return None if self.step is None else self._steps() + 1

    def nth(self, index: int) -> float:
        """A value of a finite range, counted from 0. With a step of 0.1 the fourth is 0.3, not 0.30000000000000004."""
        if self.whole:
            return self.low + index * (self.step or 1)
        return float(_exact(self.low) + index * _exact(self.step or 0))

    def values(self) -> list[Any]:
        """All values of a finite range."""
        return [self.nth(index) for index in range(self.count or 0)]

    @property
    def last(self) -> float:
        """The largest value: below `high` where the steps do not meet it."""
        return self.high if self.count is None else self.nth(self.count - 1)

    def read(self, suggested: float) -> float:
        """The value meant by a sampler's suggestion, whose float arithmetic misses the steps by a hair."""
        return suggested if self.step is None or self.whole else self.nth(self._index(suggested))

    def suggestion(self, value: float) -> float:
        """The inverse of `read`: the value as Optuna's samplers compute it."""
        if self.step is None or self.whole:
            return value
        return float(min(self._index(value) * self.step + self.low, self.last))

    def holds(self, value: object) -> bool:
        """Whether the range can produce the value."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        if not self.low <= value <= self.last:
            return False
        if self.step is None:
            return True
        return (value - self.low) % self.step == 0 if self.whole else value == self.nth(self._index(value))

    def _steps(self) -> int:
        return int((_exact(self.high) - _exact(self.low)) // _exact(self.step or 1))

    def _index(self, value: float) -> int:
        return round((value - self.low) / (self.step or 1))


@dataclass(frozen=True)
class Repeat:
    """A tuple of low to high items, each drawn on its own from the same template."""

    item: Any
    low: int
    high: int

    def problems(self) -> list[str]:
        """What is wrong with the hole itself, in words; empty when nothing is."""
        got = f"got low={shown(self.low)}, high={shown(self.high)}"
        if not all(type(value) is int for value in (self.low, self.high)):
            return [f"repeat needs whole numbers, {got}; write plain ones, such as 1 and 4"]
        if not 1 <= self.low <= self.high <= 1000:
            return [f"1 <= low <= high <= 1000 must hold, {got}; change them"]
        return []


Hole = Choice | Range | Repeat


def is_plain(value: object) -> bool:
    """Whether the value can be stored as it is: a number, string, boolean or None."""
    return value is None or type(value) in (bool, int, float, str)


def same(left: object, right: object) -> bool:
    """Equality that keeps 1, True and 1.0 apart."""
    return type(left) is type(right) and left == right


def shown(value: object) -> str:
    """A value in a message: its text, cut where it is long."""
    try:
        text = in_words(value) if isinstance(value, Hole) else repr(value)
    except Exception:  # of a class of the user's own, or of an integer with thousands of digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _label_problems(label: Any, in_path: bool) -> list[str]:
    """in_path: holes inside the option are named by it."""
    if not isinstance(label, str) or not label.strip() or not label.isprintable() or (in_path and "." in label):
        return [f"a label must be a text without dots, got {shown(label)}; give it by labels=(...)"]
    if len(label) > _LONGEST_LABEL:
        what = f"a label may have {_LONGEST_LABEL} characters, got {len(label):,}"
        return [f"{what} in {shown(label)}; give a shorter one by labels=(...)"]
    return []


def _exact(number: float) -> Decimal:
    """The number as it was written: 0.1 is a tenth."""
    return Decimal(str(number))


def in_words(value: object) -> str:
    """A domain or a value as people read it: `choice 32, 64`, `integer 1 to 8`, `0.0 to 0.5 step 0.1`, `same`."""
    match value:
        case Choice():
            return f"choice {', '.join(map(in_words, value.labels))}"
        case Range():
            step = "" if value.step is None or (value.whole and value.step == 1) else f" step {value.step}"
            return f"{'integer ' if value.whole else ''}{value.low} to {value.high}{step}{' log' if value.log else ''}"
        case Repeat():
            return f"{value.low} to {value.high} items" if value.low != value.high else f"{value.low} items"
        case tuple():
            return f"({', '.join(map(in_words, value))})"
        case str() if value.isidentifier() and value not in ("None", "True", "False"):
            return value
    return repr(value)
