"""One factor at a time: every config that differs from a base config in a single hole."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from nas.space.algebra import Params, config_hash, encode
from nas.space.checks import has_hole
from nas.space.config import Config
from nas.space.holes import Choice, Range, Repeat, same
from nas.space.mistakes import SpaceError

C = TypeVar("C", bound=Config)

MOST_VALUES = 10
"""A range of at most so many values is tried with each of them, a larger one with its ends and its middle."""
_NOTHING = object()


def one_at_a_time(template: C, base: C) -> Iterator[tuple[Params, C]]:
    """Every config that differs from the base in one hole (and what is below it), with its params; each once.

    A choice takes each other option; in the holes inside that option stand the base's values of the same field names
    where they fit, else the first or lowest ones. A repeat takes other lengths by dropping or repeating its last item.
    What breaks a rule, or means the same as the base, is left out.

    Raises:
        SpaceError: the base lies outside the template.
    """
    encode(template, base)
    seen = {config_hash(base)}
    for config in _variants(template, base):
        digest = config_hash(config)
        if digest not in seen:
            seen.add(digest)
            yield encode(template, config), config


def factor_between(params: Mapping[str, Any], base: Mapping[str, Any]) -> str | None:
    """The one hole in which two trials differ, holes below it aside; None where there is none, or more than one."""
    differing = [
        path for path in dict.fromkeys([*base, *params]) if not same(params.get(path, ...), base.get(path, ...))
    ]
    for root in differing:
        if root in base and root in params and all(_is_below(path, root, params, base) for path in differing):
            return root
    return None


def _is_below(path: str, root: str, params: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether the path is the root, or a hole that is there (or not) because of it."""
    if path == root:
        return True
    if root.endswith(".length"):
        return path.startswith(root.removesuffix("length")) and (path in params) != (path in base)
    return path.startswith(f"{root}.")


def _variants(template: Any, value: Any) -> Iterator[Any]:
    """The values that differ from `value`, which the template can produce, in one hole."""
    match template:
        case Choice():
            yield from _other_options(template, value)
        case Range():
            yield from (other for other in _spread(template) if other != value)
        case Repeat():
            yield from _variants_of_repeat(template, value)
        case Config():
            for name, part in template.fields():
                for other in _variants(part, getattr(value, name)):
                    yield from _replaced(value, name, other)
        case tuple():
            for index, part in enumerate(template):
                for other in _variants(part, value[index]):
                    yield (*value[:index], other, *value[index + 1 :])


def _other_options(hole: Choice, value: Any) -> Iterator[Any]:
    own = next(option for option in hole.options if _fits(option, value))
    for option in hole.options:
        if option is not own:
            yield from _filled(option, value)
    if isinstance(own, Config):
        yield from _variants(own, value)


def _variants_of_repeat(template: Repeat, value: tuple[Any, ...]) -> Iterator[Any]:
    lengths = Range(template.low, template.high, whole=True)
    for length in _spread(lengths):
        if length != len(value):
            yield (value + value[-1:] * (length - len(value)))[:length]
    for index, item in enumerate(value):
        for other in _variants(template.item, item):
            yield (*value[:index], other, *value[index + 1 :])


def _spread(hole: Range) -> list[Any]:
    """All values of a short range; of others both ends and the value half-way, on the logarithm with `log`."""
    if hole.count is not None and hole.count <= MOST_VALUES:
        return hole.values()
    middle = math.sqrt(hole.low) * math.sqrt(hole.last) if hole.log else hole.low / 2 + hole.last / 2
    if hole.whole:
        step = int(hole.step or 1)
        return [int(hole.low), int(hole.low) + round((middle - hole.low) / step) * step, int(hole.last)]
    return [float(hole.low), hole.read(middle), float(hole.last)]


def _fits(template: Any, value: Any) -> bool:
    """Whether the template can produce the value."""
    match template:
        case Choice():
            return any(_fits(option, value) for option in template.options)
        case Range():
            return template.holds(value)
        case Repeat():
            long_enough = isinstance(value, tuple) and template.low <= len(value) <= template.high
            return long_enough and all(_fits(template.item, item) for item in value)
        case Config():
            return type(template) is type(value) and all(
                _fits(part, getattr(value, name)) for name, part in template.fields()
            )
        case tuple():
            long_enough = isinstance(value, tuple) and len(value) == len(template)
            return long_enough and all(map(_fits, template, value))
    return same(template, value)


def _filled(option: Any, like: Any) -> Iterator[Any]:
    """The option with its holes filled: by the values of `like` where they fit, else by its own first ones."""
    for known in (like, _NOTHING):
        try:
            yield _fill(option, known)
        except SpaceError:  # the values of another option may break a rule of this one
            continue
        return


def _fill(part: Any, like: Any) -> Any:
    if not has_hole(part):
        return part
    match part:
        case Choice() | Range() | Repeat() if like is not _NOTHING and _fits(part, like):
            return like
        case Choice():
            return _fill(part.options[0], like)
        case Range():
            return int(part.low) if part.whole else float(part.low)
        case Repeat():
            return (_fill(part.item, _NOTHING),) * part.low
        case Config():
            known = dict(like.fields()) if isinstance(like, Config) else {}
            return part.replace(**{name: _fill(inner, known.get(name, _NOTHING)) for name, inner in part.fields()})
    return tuple(_fill(inner, _NOTHING) for inner in part)


def _replaced(config: Config, name: str, value: Any) -> Iterator[Config]:
    try:
        yield config.replace(**{name: value})
    except SpaceError:
        return
