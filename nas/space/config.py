"""`Config`: a frozen, strictly typed piece of configuration in which any value may be a hole."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from nas.space.holes import Choice, Hole, Range, Repeat
from nas.space.mistakes import Mistake, SpaceError, near, put_off

Rule = tuple[str, str]
"""A broken rule: the field that breaks it and what is wrong, with the value."""

_PAIRS_CHECKED = 4096


class Config(BaseModel):
    """Base of all configs. Fields are strict (`batch_norm=1` is an error) and frozen; a hole is checked with every
    option or both ends. A subclass states what must hold between its fields in `rules`.

    Raises:
        SpaceError: with every mistake found in the fields. While a space file is read they are put off instead, so
            that the space can tell all of them together.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", ser_json_inf_nan="constants")

    place_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that say where something lies: no part of what the config means, so in no hash or fingerprint."""

    _mistakes: tuple[Mistake, ...] = PrivateAttr(default=())

    if not TYPE_CHECKING:  # checkers shall see the fields' own signature

        def __init__(self, /, **values: Any) -> None:
            mistakes, values = _check(type(self), values)
            _fill(self, values, tuple(mistakes))
            named = [mistake.under(type(self).__name__) for mistake in mistakes]
            if named and not put_off(named):
                raise SpaceError(named)

    def rules(self) -> Iterable[Rule]:
        """What is wrong between this config's own fields: pairs of field and text. Called without holes in them."""
        return ()

    def inactive(self) -> frozenset[str]:
        """Fields without effect, given the others (the width of no dense layers): they do not tell configs apart."""
        return frozenset()

    def fields(self) -> Iterator[tuple[str, Any]]:
        """The fields in the order of their definition, as name and value."""
        for name in type(self).model_fields:
            yield name, self.__dict__[name]

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked like a new one."""
        return type(self)(**{**dict(self.fields()), **changes})


class Component(Config):
    """A config that can stand beside others of its family in one field, told apart by `kind`.

    Subclass with `class Mine(Model, kind="mine")`; without it the kind is the class name in lower case.
    """

    kind: ClassVar[str] = "component"
    kinds: ClassVar[dict[str, type["Component"]]] = {}

    def __init_subclass__(cls, *, kind: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = kind or cls.__name__.lower()
        Component.kinds[cls.kind] = cls


def is_hole(value: object) -> bool:
    """Whether the value is a hole."""
    return isinstance(value, Hole)


def has_hole(value: object) -> bool:
    """Whether the value is a hole or contains one, at any depth."""
    if isinstance(value, Config):
        return any(has_hole(part) for _, part in value.fields())
    return is_hole(value) or (isinstance(value, tuple) and any(map(has_hole, value)))


def to_dict(config: Config) -> dict[str, Any]:
    """A config as JSON data: components carry their `kind`, tuples become lists."""
    return _with_kind(config, {name: _plain(part, to_dict) for name, part in config.fields()})


def identity(config: Config) -> dict[str, Any]:
    """What a config means, as JSON data: `to_dict` without the fields that say where something lies or have no effect."""
    skipped = config.place_fields | config.inactive()
    return _with_kind(config, {name: _plain(part, identity) for name, part in config.fields() if name not in skipped})


def _with_kind(config: Config, data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": config.kind, **data} if isinstance(config, Component) else data


def _plain(value: Any, convert: Callable[[Config], dict[str, Any]]) -> Any:
    if isinstance(value, Config):
        return convert(value)
    return [_plain(part, convert) for part in value] if isinstance(value, tuple) else value


def from_dict(kind: type[Config], data: Mapping[str, Any]) -> Any:
    """The inverse of `to_dict`: a config of class `kind` (for components: of the class that the data names).

    Raises:
        SpaceError: naming what does not fit, an unknown kind among it.
    """
    values = {name: _revive(value) for name, value in data.items() if name != "kind"}
    if "kind" in data:
        known = Component.kinds.get(data["kind"])
        if known is None:
            raise SpaceError([Mistake("kind", f"unknown kind {data['kind']!r}", near(data["kind"], Component.kinds))])
        return known(**values)
    return kind(**values)


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        return from_dict(Component, value) if "kind" in value else value
    return tuple(map(_revive, value)) if isinstance(value, list) else value


def _fill(config: Config, values: dict[str, Any], mistakes: tuple[Mistake, ...] = ()) -> None:
    """Set checked values (holes among them) on a new config, past pydantic's refusal of holes."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in type(config).model_fields.items()
        if name not in values
    }
    ordered = {name: {**defaults, **values}[name] for name in type(config).model_fields}
    object.__setattr__(config, "__dict__", ordered)
    object.__setattr__(config, "__pydantic_fields_set__", set(values))
    object.__setattr__(config, "__pydantic_extra__", None)
    object.__setattr__(config, "__pydantic_private__", {"_mistakes": mistakes})


def _check(kind: type[Config], values: dict[str, Any]) -> tuple[list[Mistake], dict[str, Any]]:
    """Mistakes in the values for a new config, and the values as its fields read them."""
    fields = kind.model_fields
    mistakes = [
        Mistake(name, f"unknown field of {kind.__name__} (given {value!r})", near(name, fields))
        for name, value in values.items()
        if name not in fields
    ]
    values = {name: value for name, value in values.items() if name in fields}
    broken = set()
    for name, value in values.items():
        problems = _hole_problems(value)
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
        for name, value in values.items():
            found.update(dict.fromkeys(Mistake(name, problem) for problem in _hole_problems(value)))
    return list(found), values


def _hole_problems(value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [problem for part in value for problem in _hole_problems(part)]
    if not isinstance(value, Hole):
        return []
    problems = value.problems()
    inner = value.options if isinstance(value, Choice) else (value.item,) if isinstance(value, Repeat) else ()
    if isinstance(value, Choice) and any(map(is_hole, inner)):
        problems.append("an option of a choice cannot itself be a hole; put it into a config of its own")
    return problems + [problem for part in inner for problem in _hole_problems(part)]


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


def _probe(kind: type[Config], values: dict[str, Any], broken: set[str]) -> tuple[dict[str, Any], list[Mistake]]:
    """Check one set of values without holes. Returns the values as the fields read them, and the mistakes.

    `broken` fields were refused before: they are not missed. Fields refused here are set aside so that the rules
    between the others are still looked at.
    """
    probe = kind.__new__(kind)
    try:
        BaseModel.__init__(probe, **values)
    except ValidationError as error:
        refused = {str(details["loc"][0]) for details in error.errors()}
        mistakes = [_from_pydantic(kind, d) for d in error.errors() if d["type"] != "missing" or d["loc"][0] not in broken]
        if refused & values.keys():
            rest = {name: value for name, value in values.items() if name not in refused}
            mistakes += _probe(kind, rest, broken | refused)[1]
        return {}, mistakes
    return probe.__dict__, [Mistake(name, what) for name, what in probe.rules() if name not in broken]


def _as_read(value: Any, read: list[Any]) -> Any:
    if isinstance(value, (Choice, Range)):
        return value.with_samples(read)
    return value if has_hole(value) else read[0]


def _from_pydantic(kind: type[Config], details: ErrorDetails) -> Mistake:
    where = ".".join(str(part) for part in details["loc"] if not str(part).startswith("function"))
    if details["type"] == "missing":
        return Mistake(where, f"{kind.__name__} needs this field", "give it a value")
    if details["type"] == "value_error":
        return Mistake(where, str(details["ctx"]["error"]))
    message = details["msg"].replace("Input should be a valid dictionary or instance of", "must be a")
    message = message.replace("Input should be", "must be").replace("a valid integer", "a whole number")
    message = message.replace("a valid ", "a ")
    return Mistake(where, f"{message}, got {details['input']!r}")
