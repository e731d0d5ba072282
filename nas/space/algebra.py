"""Filling a template's holes (`sample`), and the inverse (`encode`): the algebra of the space language.

A hole's name is its path: field names joined by dots, with the kind (or the label of the choice) of each component on
the way: `model.convnet.filters`. That one name serves Optuna, Ray, MLflow, the command line and the tables.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from nas.space.config import Component, Config, has_hole, identity
from nas.space.holes import Choice, Hole, Range, Repeat, in_words, same
from nas.space.mistakes import Mistake, SpaceError, join

C = TypeVar("C", bound=Config)
Params = dict[str, Any]


class Suggests(Protocol):
    """The part of an Optuna trial that `sample` needs."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number from low to high."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number from low to high."""


def sample(template: C, trial: Suggests) -> C:
    """Fill the holes of a template by the trial's suggestions. Returns a config without holes.

    Asking the same trial again gives the same config.

    Raises:
        SpaceError: where the values drawn break a rule of their config.
    """
    filled: C = _fill(template, "", trial)
    return filled


def encode(template: Config, config: Config) -> Params:
    """The suggestions that make `sample` return this config: hole name to value.

    Raises:
        SpaceError: a mistake for each value that the template cannot produce.
    """
    params: Params = {}
    mistakes = list(_encode(template, config, "", params))
    if mistakes:
        raise SpaceError(mistakes)
    return params


def holes(value: Any, path: str = "") -> Iterator[tuple[str, Hole]]:
    """Every hole of a template with its name, those of all branches included."""
    if isinstance(value, Choice):
        yield path, value
        for option, label in zip(value.options, value.labels, strict=True):
            if isinstance(option, Config):
                yield from _config_holes(option, join(path, str(label)))
    elif isinstance(value, Range):
        yield path, value
    elif isinstance(value, Repeat):
        if value.low < value.high:
            yield f"{path}.length", value
        for index in range(value.high):
            yield from holes(value.item, f"{path}.{index}")
    elif isinstance(value, Config):
        yield from _config_holes(value, _inside(value, path))
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from holes(part, f"{path}.{index}")


def config_hash(config: Config) -> str:
    """16 hexadecimal digits that name what the config means (`identity`): equal for equal configs, on every machine."""
    text = json.dumps(identity(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _inside(config: Config, path: str) -> str:
    return join(path, config.kind) if isinstance(config, Component) else path


def _config_holes(config: Config, prefix: str) -> Iterator[tuple[str, Hole]]:
    for name, part in config.fields():
        yield from holes(part, join(prefix, name))


def _fill(value: Any, path: str, trial: Suggests) -> Any:
    match value:
        case Choice():
            label = trial.suggest_categorical(path, value.labels)
            option = next(o for o, known in zip(value.options, value.labels, strict=True) if same(known, label))
            branch = join(path, str(label))
            return _fill_config(option, branch, trial) if isinstance(option, Config) else option
        case Range(whole=True):
            return trial.suggest_int(path, int(value.low), int(value.last), step=int(value.step or 1), log=value.log)
        case Range():
            return value.read(trial.suggest_float(path, value.low, value.last, step=value.step, log=value.log))
        case Repeat():
            length = value.low
            if value.low < value.high:
                length = trial.suggest_int(f"{path}.length", value.low, value.high)
            return tuple(_fill(value.item, f"{path}.{index}", trial) for index in range(length))
        case Config():
            return _fill_config(value, _inside(value, path), trial)
        case tuple():
            return tuple(_fill(part, f"{path}.{index}", trial) for index, part in enumerate(value))
    return value


def _fill_config(config: Config, prefix: str, trial: Suggests) -> Config:
    if not has_hole(config):
        return config
    return config.replace(**{name: _fill(part, join(prefix, name), trial) for name, part in config.fields()})


def _encode(template: Any, value: Any, path: str, params: Params) -> Iterator[Mistake]:
    match template:
        case Choice():
            yield from _encode_choice(template, value, path, params)
        case Range():
            if template.holds(value):
                params[path] = template.suggestion(value)
            else:
                yield Mistake(path, f"{value!r} is outside the space", f"the template has {in_words(template)}")
        case Repeat():
            yield from _encode_repeat(template, value, path, params)
        case Config() if type(template) is type(value):
            yield from _encode_config(template, value, _inside(template, path), params)
        case tuple() if isinstance(value, tuple) and len(value) == len(template):
            for index, (part, own) in enumerate(zip(template, value, strict=True)):
                yield from _encode(part, own, f"{path}.{index}", params)
        case _ if isinstance(template, Config) or not same(template, value):
            yield Mistake(path, f"{_name(value)} is outside the space", f"the template has {_name(template)}")


def _encode_repeat(template: Repeat, value: Any, path: str, params: Params) -> Iterator[Mistake]:
    if not isinstance(value, tuple) or not template.low <= len(value) <= template.high:
        got = f"{len(value)} items" if isinstance(value, tuple) else repr(value)
        yield Mistake(path, f"{got} are outside the space", f"the template has {in_words(template)}")
        return
    if template.low < template.high:
        params[f"{path}.length"] = len(value)
    for index, part in enumerate(value):
        yield from _encode(template.item, part, f"{path}.{index}", params)


def _encode_config(template: Config, value: Config, prefix: str, params: Params) -> Iterator[Mistake]:
    for name, part in template.fields():
        yield from _encode(part, getattr(value, name), join(prefix, name), params)


def _encode_choice(hole: Choice, value: Any, path: str, params: Params) -> Iterator[Mistake]:
    nearest: list[Mistake] | None = None
    for option, label in zip(hole.options, hole.labels, strict=True):
        inner: Params = {}
        if isinstance(option, Config) and type(option) is type(value):
            wrong = list(_encode_config(option, value, join(path, str(label)), inner))
        elif not isinstance(option, Config) and same(option, value):
            wrong = []
        else:
            continue
        if not wrong:
            params.update({path: label, **inner})
            return
        if nearest is None or len(wrong) < len(nearest):
            nearest = wrong
    yield from nearest or [Mistake(path, f"{_name(value)} is outside the space", f"the template has {in_words(hole)}")]


def _name(value: Any) -> str:
    return type(value).__name__ if isinstance(value, Config) else repr(value)
