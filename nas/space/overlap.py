"""Whether two options of a choice could produce the same config: then `encode` would have two answers."""

from typing import Any

from nas.space.checks import is_hole
from nas.space.config import Config
from nas.space.holes import Choice, Hole, Range, Repeat, is_plain, same

_LONGEST_LIST = 10_000


def overlap(left: Any, right: Any) -> bool:
    """Whether some value can be produced by both sides (then a choice between them could not be inverted)."""
    if isinstance(left, Hole) or isinstance(right, Hole):
        return _holes_overlap(left, right)
    if isinstance(left, Config):
        return type(left) is type(right) and all(
            overlap(part, dict(right.fields())[name]) for name, part in left.fields()
        )
    if isinstance(left, tuple):
        return (
            isinstance(right, tuple)
            and len(left) == len(right)
            and all(overlap(a, b) for a, b in zip(left, right, strict=True))
        )
    return same(left, right)


def _possible(value: Any) -> list[Any] | None:
    """The values that a plain value or hole may take, if they can be listed."""
    if isinstance(value, Choice) and all(is_plain(option) for option in value.options):
        return list(value.options)
    if isinstance(value, Range):
        return value.values() if 0 < (value.count or 0) <= _LONGEST_LIST else None
    if is_hole(value):
        return None
    return [value] if is_plain(value) else []


def _holes_overlap(left: Any, right: Any) -> bool:
    if isinstance(left, Choice) and not all(map(is_plain, left.options)):
        return any(overlap(option, right) for option in left.options)
    if isinstance(right, Choice) and not all(map(is_plain, right.options)):
        return any(overlap(left, option) for option in right.options)
    if isinstance(left, Repeat) or isinstance(right, Repeat):
        return _repeats_overlap(left, right)
    few, other = (left, right) if _possible(left) is not None else (right, left)
    listed = _possible(few)
    if listed is None:
        return bool(left.low <= right.high and right.low <= left.high)
    others = _possible(other)
    if others is not None:
        return not {(type(a), a) for a in listed}.isdisjoint((type(b), b) for b in others)
    return any(other.holds(value) for value in listed)


def _repeats_overlap(left: Any, right: Any) -> bool:
    """Whether a length is common to both, and tuples of that length."""
    if not isinstance(left, (Repeat, tuple)) or not isinstance(right, (Repeat, tuple)):
        return False
    shortest = max(_lengths(left)[0], _lengths(right)[0])
    if shortest > min(_lengths(left)[1], _lengths(right)[1]):
        return False
    return all(map(overlap, _items(left, shortest), _items(right, shortest)))


def _lengths(value: Repeat | tuple[Any, ...]) -> tuple[int, int]:
    return (value.low, value.high) if isinstance(value, Repeat) else (len(value), len(value))


def _items(value: Repeat | tuple[Any, ...], length: int) -> tuple[Any, ...]:
    return (value.item,) * length if isinstance(value, Repeat) else value
