"""Checking the values of a new config, holes among them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from nas.space.holes import MOST_VALUES, Choice, Hole, Range, Repeat
from nas.space.holes import shown as shown
from nas.space.mistakes import Mistake, near
from nas.space.plain import value_problems
from nas.space.refused import refusal

if TYPE_CHECKING:
    from nas.space.config import Config

_PAIRS_CHECKED = 4096


def is_hole(value: object) -> bool:
    """Whether the value is a hole."""
    return isinstance(value, Hole)


def has_hole(value: object) -> bool:
    """Whether the value is a hole or contains one, at any depth."""
    if isinstance(value, BaseModel):
        return any(map(has_hole, value.__dict__.values()))
    return is_hole(value) or (isinstance(value, tuple) and any(map(has_hole, value)))


def check(kind: "type[Config]", given: dict[str, Any]) -> tuple[list[Mistake], dict[str, Any]]:
    """Mistakes in the values given for a new config, and all its values as its fields read them.

    A hole is tried with every option or both ends, alone and with those of each other field.
    """
    defaults = {name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()}
    mistakes = [
        Mistake(name, f"unknown field of {kind.__name__}, given {shown(value)}", near(name, defaults))
        for name, value in given.items()
        if name not in defaults
    ]
    open_defaults = {name: value for name, value in defaults.items() if has_hole(value)}
    values = {name: value for name, value in {**open_defaults, **given}.items() if name in defaults}
    broken = set()
    for name, value in values.items():
        problems = _hole_problems(value)
        if name in kind.place_fields and has_hole(value):
            problems.append("takes no hole; give it a value")
        mistakes += [Mistake(name, problem) for problem in problems]
        broken |= {name} if problems else set()
    samples = {name: _samples(value) for name, value in values.items() if name not in broken}
    found = dict.fromkeys(mistakes)
    read: dict[str, list[Any]] = {name: [None] * len(options) for name, options in samples.items()}
    for picks in _picks(samples):
        picked = {name: options[picks.get(name, 0)] for name, options in samples.items()}
        probe, wrong = _probe(kind, picked, broken)
        found.update(dict.fromkeys(wrong))
        for name in samples:
            read[name][picks.get(name, 0)] = probe.get(name)
    if not found:
        values = {name: _as_read(value, read[name]) for name, value in values.items()}
        for name, value in {**defaults, **values}.items():
            problems = _hole_problems(value) or list(value_problems(value))
            found.update(dict.fromkeys(Mistake(name, problem) for problem in problems))
    return list(found), {**defaults, **values}


def _hole_problems(value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [problem for part in value for problem in _hole_problems(part)]
    if not isinstance(value, Hole):
        return []
    problems = value.problems()
    inner = value.options if isinstance(value, Choice) else (value.item,) if isinstance(value, Repeat) else ()
    if isinstance(value, Choice) and any(map(is_hole, inner)):
        problems.append("an option of a choice cannot itself be a hole; put it into a config of its own")
    elif isinstance(value, Choice) and any(isinstance(part, tuple) and has_hole(part) for part in inner):
        problems.append("an option of a choice cannot be a tuple with holes; put it into a config of its own")
    elif isinstance(value, Repeat) and not problems and extent(value) > MOST_VALUES:
        problems.append(f"would hold up to {extent(value):,} values, at most {MOST_VALUES:,} are possible; repeat less")
    return problems or [problem for part in inner for problem in _hole_problems(part)]


def extent(value: object) -> int:
    """How many values may come of a part of a template at most; a config without holes is one, as is a wrong repeat."""
    match value:
        case Repeat() if not value.problems():
            return value.high * extent(value.item)
        case tuple():
            return sum(map(extent, value))
        case Choice():
            return sum(map(extent, value.options))
        case BaseModel():
            return max(1, sum(extent(part) for part in value.__dict__.values() if has_hole(part)))
    return 1


def _samples(value: Any) -> list[Any]:
    """Values without a hole at this level that must all be valid for the hole to be."""
    match value:
        case Choice() | Range():
            return list(value.samples())
        case Repeat():
            items = _samples(value.item)
            return [(item,) * value.low for item in items] + [(items[0],) * value.high]
        case tuple() if any(map(is_hole, value)):
            parts = [_samples(part) for part in value]
            first = [options[0] for options in parts]
            return [
                (*first[:index], option, *first[index + 1 :])
                for index, options in enumerate(parts)
                for option in options
            ]
    return [value]


def _picks(samples: dict[str, list[Any]]) -> Iterator[dict[str, int]]:
    """Which sample of each field to try together: the first of all, each alone, then each pair of fields."""
    yield {}
    open_fields = [name for name, options in samples.items() if len(options) > 1]
    for name in open_fields:
        for index in range(1, len(samples[name])):
            yield {name: index}
    pairs = (
        {left: i, right: j}
        for place, left in enumerate(open_fields)
        for right in open_fields[place + 1 :]
        for i in range(1, len(samples[left]))
        for j in range(1, len(samples[right]))
    )
    for count, pair in enumerate(pairs):
        if count >= _PAIRS_CHECKED:
            return
        yield pair


def _probe(kind: "type[Config]", values: dict[str, Any], broken: set[str]) -> tuple[dict[str, Any], list[Mistake]]:
    """Check one set of values without holes. Returns the values as the fields read them, and the mistakes.

    `broken` fields were refused before: they are not missed. Fields refused here are set aside so that the rules
    between the others are still looked at.
    """
    probe = kind.__new__(kind)
    try:
        BaseModel.__init__(probe, **values)
    except ValidationError as error:
        refused = {str(field) for details in error.errors() for field in details["loc"][:1]}
        mistakes = [
            refusal(kind.__name__, details)
            for details in error.errors()
            if details["type"] != "missing" or details["loc"][0] not in broken
        ]
        if refused & values.keys():
            rest = {name: value for name, value in values.items() if name not in refused}
            mistakes += _probe(kind, rest, broken | refused)[1]
        return {}, mistakes
    if any(isinstance(value, BaseModel) and getattr(value, "_mistakes", ()) for value in values.values()):
        return probe.__dict__, []  # rules are made for parts that are right themselves
    return probe.__dict__, [Mistake(name, what) for name, what in probe.rules() if name not in broken]


def _as_read(value: Any, read: Sequence[Any]) -> Any:
    """The value with its holes as the field reads them, given how it reads each of `_samples(value)`."""
    match value:
        case Choice() | Range():
            return value.with_samples(read)
        case Repeat():
            return replace(value, item=_as_read(value.item, [items[0] for items in read[:-1]]))
        case tuple() if any(map(is_hole, value)):
            parts = []
            for index, part in enumerate(value):
                count = len(_samples(part))
                parts.append(_as_read(part, [items[index] for items in read[:count]]))
                read = read[count:]
            return tuple(parts)
    return read[0]
