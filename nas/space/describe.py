"""A space in words: its holes as rows of a table, and its fingerprint, by which a study knows its space again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nas.space.config import Component, Config
from nas.space.holes import Choice, Hole, Range, Repeat, in_words
from nas.space.mistakes import join
from nas.space.search_space import SearchSpace


@dataclass(frozen=True)
class HoleRow:
    """One hole. `values` is how many it may take, None where they are endless.

    The items of a repeat share a row: `blocks.*.width`.
    """

    name: str
    domain: str
    values: int | None


def describe(template: Config) -> list[HoleRow]:
    """Every hole of the template, those of all branches included, in the order of the fields."""
    return [
        HoleRow(path, in_words(part), _count(part)) for path, part in _parts(template, "") if isinstance(part, Hole)
    ]


def fingerprint(space: SearchSpace, data_digest: str) -> dict[str, str]:
    """Everything scientific about a study: path to text. Two studies with equal fingerprints may be one.

    Template, objectives, constraints by name, epochs, seed and the data's digest; not what may be added later
    (baselines, references, published figures), nor where something lies.
    """
    limits = {f"constraints.{limit.name}": "kept" for limit in space.constraints}
    aims = {f"objectives.{index}": f"{aim.direction} {aim.metric}" for index, aim in enumerate(space.objectives)}
    own = {} if space.objective is None else {"objective": getattr(space.objective, "__qualname__", "a function")}
    epochs = {} if space.epochs is None else {"epochs": str(space.epochs)}
    template = {path: _word(part) for path, part in _parts(space.template, "template")}
    return {
        "template": type(space.template).__name__,
        **template,
        **aims,
        **limits,
        **own,
        **epochs,
        "data": data_digest,
    }


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """A line for each path on which two fingerprints disagree: `PATH: OLD -> NEW`. Empty when they are equal."""
    paths = dict.fromkeys([*old, *new])
    return [
        f"{path}: {old.get(path, 'absent')} -> {new.get(path, 'absent')}"
        for path in paths
        if old.get(path) != new.get(path)
    ]


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every part of a template by the path of holes, a component or hole before what is in it."""
    match value:
        case Choice():
            yield path, value
            for option, label in zip(value.options, value.labels, strict=True):
                if isinstance(option, Config):
                    yield from _fields(option, join(path, str(label)))
        case Repeat():
            yield f"{path}.length", value
            yield from _parts(value.item, f"{path}.*")
        case Component():
            yield path, value
            yield from _fields(value, join(path, value.kind))
        case Config():
            yield from _fields(value, path)
        case tuple():
            for index, part in enumerate(value):
                yield from _parts(part, f"{path}.{index}")
        case _:
            yield path, value


def _fields(config: Config, path: str) -> Iterator[tuple[str, Any]]:
    for name, part in config.fields():
        if name not in config.unnamed():
            yield from _parts(part, join(path, name))


def _word(value: Any) -> str:
    return value.kind if isinstance(value, Component) else in_words(value)


def _count(hole: Hole) -> int | None:
    if isinstance(hole, Choice):
        return len(hole.options)
    return hole.count if isinstance(hole, Range) else hole.high - hole.low + 1
