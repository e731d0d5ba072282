"""Whether two options of a choice could produce the same config: then `encode` would have two answers."""

from typing import Any

from nas.space.config import Config, is_hole
from nas.space.finite import values_of
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
        values = values_of(value)
        return values if 0 < len(values) <= _LONGEST_LIST else None
    return None if is_hole(value) else [value]


def _holes_overlap(left: Any, right: Any) -> bool:
    if isinstance(left, Choice) and not all(map(is_plain, left.options)):
        return any(overlap(option, right) for option in left.options)
    if isinstance(right, Choice) and not all(map(is_plain, right.options)):
        return any(overlap(left, option) for option in right.options)
    if isinstance(left, Repeat) or isinstance(right, Repeat):
        return isinstance(left, (Repeat, tuple)) and isinstance(right, (Repeat, tuple))
    few, other = (left, right) if _possible(left) is not None else (right, left)
    listed = _possible(few)
    if listed is None:
        return bool(left.low <= right.high and right.low <= left.high)
    others = _possible(other)
    if others is not None:
        return any(same(a, b) for a in listed for b in others)
    return any(other.holds(value) for value in listed)
