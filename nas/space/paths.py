"""Values of a config by path, as holes are named: `model.convnet.filters`, `optimizer.adam.lr`, `blocks.0.width`."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from nas.space.config import Component, Config, from_dict
from nas.space.mistakes import Mistake, SpaceError, join, near

C = TypeVar("C", bound=Config)


def paths(config: Config) -> Iterator[tuple[str, Any]]:
    """Every value of a config with its path, in order; a component comes before what is in it."""
    yield from _paths(config, "")


def set_path(config: C, path: str, value: Any) -> C:
    """A copy of the config with the value at one path changed, checked like a new config.

    A mapping with a `kind` becomes the component of that kind.

    Raises:
        SpaceError: an unknown path (near ones are told), or a value that does not fit there.
    """
    known = dict(paths(config))
    if path not in known:
        raise SpaceError([Mistake(path, "no such value in the config", near(path, known))])
    if isinstance(value, dict) and "kind" in value:
        try:
            value = from_dict(Component, value)
        except SpaceError as error:
            raise SpaceError(mistake.under(path) for mistake in error.mistakes) from None
    changed: C = _set(config, "", path, value)
    return changed


def read_value(text: str) -> Any:
    """The value that a text on the command line stands for: a Python or JSON literal, else the text itself."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return tuple(value) if isinstance(value, list) else value
    return text


def _paths(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    for step, part in _parts(value):
        yield from _paths(part, join(path, step))


def _parts(value: Any) -> list[tuple[str, Any]]:
    """What is in a value, each with the piece of path that leads there."""
    if isinstance(value, Config):
        kind = value.kind if isinstance(value, Component) else ""
        return [(join(kind, name), part) for name, part in value.fields()]
    return [(str(index), part) for index, part in enumerate(value)] if isinstance(value, tuple) else []


def _set(value: Any, here: str, path: str, new: Any) -> Any:
    if here == path:
        return new
    for step, part in _parts(value):
        below = join(here, step)
        if path == below or path.startswith(f"{below}."):
            changed = _set(part, below, path, new)
            if isinstance(value, Config):
                return _replace(value, here, step.rpartition(".")[2], changed)
            index = int(step)
            return (*value[:index], changed, *value[index + 1 :])
    return value


def _replace(config: Config, here: str, field: str, value: Any) -> Config:
    try:
        return config.replace(**{field: value})
    except SpaceError as error:  # its mistakes are named by the class; here the way to it is known
        inside = join(here, config.kind) if isinstance(config, Component) else here
        named = (replace(mistake, where=join(inside, mistake.where.partition(".")[2])) for mistake in error.mistakes)
        raise SpaceError(named) from None
