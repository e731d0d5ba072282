"""What space files write for a hole: `choice`, `integer`, `uniform`, `log_uniform`, `repeat`.

Each is typed as the value that it stands for (as `dataclasses.field` is), so that `ConvNet(filters=choice(32, 64))`
passes a strict type checker.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from nas.space.holes import Choice, Range, Repeat, is_plain

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
T = TypeVar("T")


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


def _default_labels(options: Sequence[Any]) -> tuple[Any, ...]:
    labels, counts = [], Counter[Any]()
    for option in options:
        kind = option if is_plain(option) else _label(option)
        repeated = not is_plain(option) and counts[kind] > 0
        counts[kind] += 1
        labels.append(f"{kind}_{counts[kind]}" if repeated else kind)
    return tuple(labels)


def _label(option: object) -> str:
    if isinstance(option, tuple):
        return str(option)
    return str(getattr(option, "label", None) or getattr(option, "kind", None) or type(option).__name__.lower())
