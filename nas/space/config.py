"""`Config`: a frozen, strictly typed piece of configuration in which any value may be a hole."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pydantic_core import PydanticUndefined

from nas.space.checks import check
from nas.space.checks import has_hole as has_hole
from nas.space.mistakes import Mistake, SpaceError, near, put_off

_OWN_NAMES = frozenset(
    {"kind", "kinds", "fields", "rules", "inactive", "unnamed", "replace", "place_fields", "later_fields"}
)
Rule = tuple[str, str]
"""A broken rule: the field that breaks it and what is wrong, with the value."""


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

    later_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that an earlier version did not have: with their default they are in no hash or fingerprint, so that
    studies go on that were begun before."""

    _mistakes: tuple[Mistake, ...] = PrivateAttr(default=())

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse fields that would hide what every config has."""
        taken = [name for name in cls.model_fields if name in _OWN_NAMES]
        if taken:
            raise SpaceError(
                Mistake(f"class {cls.__name__}", f"has a field called {name!r}, which nas uses itself", "rename it")
                for name in taken
            )

    if not TYPE_CHECKING:  # checkers shall see the fields' own signature

        def __init__(self, /, **values: Any) -> None:
            mistakes, read = check(type(self), values)
            _fill(self, read, set(values), tuple(mistakes))
            named = [mistake.under(type(self).__name__) for mistake in mistakes]
            if named and not put_off(named):
                raise SpaceError(named)

    def rules(self) -> Iterable[Rule]:
        """What is wrong between this config's own fields: pairs of field and text. Called without holes in them."""
        return ()

    def inactive(self) -> frozenset[str]:
        """Fields without effect, given the others (the width of no dense layers): they do not tell configs apart."""
        return frozenset()

    def unnamed(self) -> frozenset[str]:
        """Fields that are in no hash or fingerprint."""
        later = {name: type(self).model_fields[name].default for name in self.later_fields}
        return self.place_fields | {name for name, default in later.items() if self.__dict__[name] == default}

    def fields(self) -> Iterator[tuple[str, Any]]:
        """The fields in the order of their definition, as name and value."""
        for name in type(self).model_fields:
            yield name, self.__dict__[name]

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked like a new one."""
        kept = {name: value for name, value in self.fields() if value is not PydanticUndefined}
        return type(self)(**{**kept, **changes})


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


def to_dict(config: Config) -> dict[str, Any]:
    """A config as JSON data: components carry their `kind`, tuples become lists."""
    return _with_kind(config, {name: _plain(part, to_dict) for name, part in config.fields()})


def identity(config: Config) -> dict[str, Any]:
    """What a config means, as JSON data: without the fields that say where something lies or have no effect."""
    skipped = config.unnamed() | config.inactive()
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
    if "kind" not in data:
        return kind(**values)
    named = _component(data["kind"])
    if named is None:
        raise SpaceError([Mistake("kind", f"unknown kind {data['kind']!r}", near(str(data["kind"]), Component.kinds))])
    if not issubclass(named, kind):
        raise SpaceError([Mistake("kind", f"{data['kind']!r} is no {kind.__name__}", "give the kind of one")])
    return named(**values)


def _component(kind: str) -> type[Component] | None:
    """The component class of this kind.

    One that came to this process pickled by value was given its kind as a finished class: the register misses it.
    """
    known = Component.kinds.get(kind)
    if known is not None and known.kind == kind:
        return known
    families = [Component]
    while families:
        family = families.pop()
        if family.kind == kind:
            return family
        families += family.__subclasses__()
    return None


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        if "kind" in value:
            return from_dict(Component, value)
        return {name: _revive(part) for name, part in value.items()}
    return tuple(map(_revive, value)) if isinstance(value, list) else value


def _fill(config: Config, values: dict[str, Any], given: set[str], mistakes: tuple[Mistake, ...]) -> None:
    """Set checked values (holes among them) on a new config, past pydantic's refusal of holes."""
    object.__setattr__(config, "__dict__", values)
    object.__setattr__(config, "__pydantic_fields_set__", given & values.keys())
    object.__setattr__(config, "__pydantic_extra__", None)
    object.__setattr__(config, "__pydantic_private__", {"_mistakes": mistakes})
