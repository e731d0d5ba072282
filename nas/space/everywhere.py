"""Reaching every config in a template: those in options of choices, in repeats and in tuples too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nas.space.config import Config
from nas.space.holes import Choice, Repeat


def configs_in(value: Any) -> Iterator[Config]:
    """The value itself if it is a config, and every config in it."""
    if isinstance(value, Config):
        yield value
    for part in _parts(value):
        yield from configs_in(part)


def everywhere(value: Any, change: Callable[[Config], Config]) -> Any:
    """The value with `change` made to every config in it, inner ones first.

    Options of a choice that have become equal are one; where one is left, it stands there without a choice.
    """
    match value:
        case Config():
            fields = [(name, part, everywhere(part, change)) for name, part in value.fields()]
            changed = {name: new for name, old, new in fields if new is not old}
            return change(value.replace(**changed) if changed else value)
        case Choice():
            return _distinct(value, [everywhere(option, change) for option in value.options])
        case Repeat():
            item = everywhere(value.item, change)
            return value if item is value.item else replace(value, item=item)
        case tuple():
            parts = tuple(everywhere(part, change) for part in value)
            return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
    return value


def _parts(value: Any) -> Iterator[Any]:
    match value:
        case Config():
            yield from (part for _, part in value.fields())
        case Choice():
            yield from value.options
        case Repeat():
            yield value.item
        case tuple():
            yield from value


def _distinct(hole: Choice, options: list[Any]) -> Any:
    if all(new is old for new, old in zip(options, hole.options, strict=True)):
        return hole
    first = [index for index, option in enumerate(options) if option not in options[:index]]
    if len(first) == 1:
        return options[0]
    return Choice(tuple(options[index] for index in first), tuple(hole.labels[index] for index in first))
