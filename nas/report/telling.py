"""What tells configs apart: the values that differ between the trials of a study, under names as short as can be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nas.space.config import Component, Config, to_dict

Flat = dict[str, Any]
"""A config's values by path, as the holes are named: `model` is `convnet`, `model.convnet.filters` is 64."""


class Kind(str):
    """The kind of a component, among the values of a config."""

    __slots__ = ()


def flatten(config: Mapping[str, Any], path: str = "") -> Flat:
    """The values of a config, given as JSON data, by path; without those that only say where something lies."""
    component = Component.kinds.get(config.get("kind", ""))
    skipped = component.place_fields if component else frozenset()
    flat: Flat = {}
    for name, value in config.items():
        if name != "kind" and name not in skipped:
            _flatten_value(value, f"{path}.{name}" if path else name, flat)
    return flat


def _flatten_value(value: Any, path: str, flat: Flat) -> None:
    if isinstance(value, Mapping):
        if "kind" in value:
            flat[path] = Kind(value["kind"])
            path = f"{path}.{value['kind']}"
        flat.update(flatten(value, path))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        flat[f"{path}.length"] = len(value)
        for index, part in enumerate(value):
            _flatten_value(part, f"{path}.{index}", flat)
    else:
        flat[path] = value


@dataclass(frozen=True)
class Telling:
    """Names for the values that tell the trials of one study apart, in the order of the config.

    words: path -> a name for sentences (`filters`). letters: path -> a name for tables (`f`). usual: the values of one
    of them, by which a foreign component in another config is known.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    usual: Flat = field(default_factory=dict)

    @classmethod
    def of(cls, configs: Iterable[Mapping[str, Any]]) -> "Telling":
        """What tells these configs apart; of a single config nothing does."""
        flats = [flatten(config) for config in configs]
        paths = [path for path in dict.fromkeys(key for flat in flats for key in flat) if _differs(path, flats)]
        return replace(cls.of_paths(paths), usual=flats[0] if flats else {})

    @classmethod
    def of_paths(cls, paths: Iterable[str]) -> "Telling":
        """Names for these paths, holes' names for example."""
        words = _shortest(list(paths))
        return cls(words, _abbreviate(words))

    def values(self, config: Mapping[str, Any]) -> Flat:
        """The telling values of one config by path; those that it does not have are left out."""
        flat = flatten(config)
        return {path: flat[path] for path in self.words if path in flat}

    def sentence(self, config: Mapping[str, Any]) -> str:
        """The telling values in words: `filters 64, no batch_norm`; of a foreign component all that is not usual."""
        parts = [_in_words(self.words[path], value) for path, value in self.values(config).items()]
        for path, kind in self._foreign(config).items():
            parts.append(f"{path.rpartition('.')[2]} {kind}")
            inside = f"{path}.{kind}."
            own = {key.removeprefix(inside): value for key, value in flatten(config).items() if key.startswith(inside)}
            usual = _defaults(kind)
            parts += [_in_words(key, value) for key, value in own.items() if _unequal(value, usual.get(key, ...))]
        return ", ".join(parts)

    def code(self, config: Mapping[str, Any]) -> str:
        """The telling values for a table: `f64 ks5 bn`; what is False is left out. Of a foreign component its kind."""
        letters = [_in_letters(self.letters[path], value) for path, value in self.values(config).items()]
        return " ".join(filter(None, [*self._foreign(config).values(), *letters]))

    def holes_code(self, params: Mapping[str, Any]) -> str:
        """The values of holes for a table, under labels where options have them: `m=wide f64 bn`."""
        letters = [_in_letters(self.letters[path], value) for path, value in params.items() if path in self.letters]
        return " ".join(filter(None, letters))

    def _foreign(self, config: Mapping[str, Any]) -> Flat:
        """The components of a kind that none of the configs has in that place."""
        flat = flatten(config) if self.usual else {}
        kinds = {path: value for path, value in flat.items() if isinstance(value, Kind) and path not in self.words}
        return {path: kind for path, kind in kinds.items() if self.usual.get(path) != kind}

    def legend(self) -> str:
        """What the letters in a table mean: `f filters, ks kernel_size`."""
        return ", ".join(f"{self.letters[path]} {self.words[path]}" for path in self.words)


def _defaults(kind: str) -> Flat:
    """What the fields of a component are where nothing is said of them, by path."""
    component = Component.kinds.get(kind)
    given = {name: field.default for name, field in component.model_fields.items()} if component else {}
    return flatten({name: _as_data(value) for name, value in given.items()})


def _as_data(value: Any) -> Any:
    if isinstance(value, Config):
        return to_dict(value)
    return [_as_data(part) for part in value] if isinstance(value, tuple) else value


def _differs(path: str, flats: Sequence[Flat]) -> bool:
    """Whether configs differ here: in their values, or in having one at all, unless that is so because a component
    around it is another one, or a tuple has another length.
    """
    values = [flat[path] for flat in flats if path in flat]
    if any(_unequal(value, values[0]) for value in values[1:]):
        return True
    return bool(values) and len(values) < len(flats) and not any(_differs(around, flats) for around in _around(path))


def _around(path: str) -> Iterator[str]:
    """What may decide whether there is a value at this path."""
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        within = ".".join(parts[:count])
        yield within
        if parts[count] != "length":
            yield f"{within}.length"


def _unequal(left: Any, right: Any) -> bool:
    return type(left) is not type(right) or bool(left != right)


def _shortest(paths: Sequence[str]) -> dict[str, str]:
    """For each path its shortest ending, in whole parts, that no other one has and that says of what: `layers.0.width`
    and `layers.length`, not `0.width` and `length`.
    """
    found = {}
    for path in paths:
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            ending = parts[-count:]
            says_of_what = not ending[0].isdigit() and ending[0] != "length"
            if says_of_what and sum(other.split(".")[-count:] == ending for other in paths) == 1:
                break
        found[path] = ".".join(ending)
    return found


def _abbreviate(words: Mapping[str, str]) -> dict[str, str]:
    """Initials, with more of the last word where two names have the same: ks for kernel_size."""
    letters: dict[str, str] = {}
    for path, name in words.items():
        *first, last = [part for piece in name.split(".") for part in piece.split("_") if part] or [name]
        initials = "".join(part if part.isdigit() else part[0] for part in first)
        candidates = [initials + last[:length] for length in range(1, len(last) + 1)] + [name, path]
        taken = letters.values()
        letters[path] = next((short for short in candidates if short not in taken), f"{path}#{len(letters)}")
    return letters


def _in_words(name: str, value: Any) -> str:
    if isinstance(value, Kind) and value == name.rpartition(".")[2]:
        return f"with {name}"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"no {name}" if value is None else f"{name} {_number(value)}"


def _in_letters(short: str, value: Any) -> str:
    if isinstance(value, bool):
        return short if value else ""
    plain = isinstance(value, (int, float)) and not any(character.isdigit() for character in short)
    return f"{short}{_number(value)}" if plain else f"{short}={_number(value)}"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "none" if value is None else str(value)
