"""The space algebra under domains and configs that nobody would write: no exception but `SpaceError`, and no hang."""

import json
import math
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nas import Component, Config, SearchSpace, SpaceError, choice, integer, log_uniform, minimize, repeat, uniform
from nas.space.algebra import config_hash, encode, sample
from nas.space.config import from_dict, has_hole, to_dict
from nas.space.describe import describe, fingerprint
from nas.space.finite import size
from nas.space.mistakes import gathering
from nas.space.survey import RandomTrial
from tests.bad_input.fuzzing import fuzz, no_hang


class Piece(Component, kind="fuzz_piece"):
    """A part among others."""

    size: int = 1
    rate: float = 0.5
    anything: Any = None
    word: str = "a"
    sizes: tuple[int, ...] = ()


class Holder(Piece, kind="fuzz_holder"):
    """A part with parts in it."""

    inner: Piece = Piece()
    inners: tuple[Piece, ...] = ()


class Whole(Config):
    """A template."""

    piece: Piece = Piece()
    count: int = 1
    share: float = 0.5
    anything: Any = None


FIELDS = [*Holder.model_fields, *Whole.model_fields, "", "kind", "sise", "a.b", "\n"]
NUMBERS = [2**63 - 1, 2**63, -(2**63), 10**400, math.inf, math.nan, -0.0, 5e-324, 1.7e308, 0.1, 1e-300]
ODD = [
    None, True, False, "", "a", "a.b", "a\0", "\ud800", "x" * 10_000, (), (1,), [], [1], {}, {"kind": "fuzz_piece"},
    {1}, 1j, b"a", Decimal(1), int, len, object(), Piece, Piece(), Holder(), range(3), "length", "1", "None",
]  # fmt: skip


def one_of(listed: list[Any]) -> st.SearchStrategy[Any]:
    """Like `sampled_from`, which would be shown with all its values each time that a strategy made of it is."""
    return st.integers(0, len(listed) - 1).map(lambda index: listed[index])


values = st.integers(-4, 9) | st.integers() | st.floats() | one_of(NUMBERS) | one_of(ODD) | st.text(max_size=5)
labels = st.just(()) | st.lists(values, max_size=3)


def domains(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Holes with anything in them."""
    return st.one_of(
        st.builds(lambda options, labels: choice(*options, labels=labels), st.lists(inside, max_size=4), labels),
        st.builds(integer, inside, inside),
        st.builds(lambda low, high, step, log: integer(low, high, step=step, log=log), inside, inside, inside, inside),
        st.builds(integer, st.integers(0, 3), st.integers(4, 9)),
        st.builds(lambda low, high, step: uniform(low, high, step=step), inside, inside, inside),
        st.builds(uniform, st.floats(0, 1), st.floats(1, 9)),
        st.builds(log_uniform, inside, inside),
        st.builds(repeat, inside, inside, inside),
        st.builds(repeat, inside, st.integers(1, 2), st.sampled_from([2, 3, 1000])),
        st.builds(choice, st.integers(0, 3), st.integers(4, 9)),
        st.lists(inside, max_size=3).map(tuple),
    )


anything = st.recursive(values, domains, max_leaves=6)


@st.composite
def any_field(draw: st.DrawFn) -> Any:
    """`anything`, by a name that is shorter than all that is in it: a failure is shown by it."""
    return draw(anything)


fields = any_field()


def configs(kind: Callable[..., Any], inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(one_of(FIELDS), inside, max_size=4).map(lambda given: made(kind, given))


def made(kind: Callable[..., Any], given: dict[str, Any]) -> Any:
    """The config; where it is refused, with its mistakes put off, as they are while a space file is read."""
    with no_hang():
        try:
            return kind(**given)
        except SpaceError as error:
            hold_to_form(error)
            with gathering():
                return kind(**given)


pieces = configs(Piece, fields) | configs(Holder, fields)
odd_templates = configs(Whole, fields | pieces | configs(Holder, pieces | domains(pieces)) | domains(pieces))

# What somebody might write: most of these are in order, so that they are drawn from
small = st.integers(-3, 9)
whole = st.one_of(
    small,
    st.builds(integer, st.integers(1, 3), st.integers(4, 9), step=st.integers(1, 2)),
    st.builds(integer, st.integers(1, 3), st.integers(4, 9), log=st.booleans()),
    st.lists(small, min_size=2, max_size=4, unique=True).map(lambda options: choice(*options)),
)
real = st.one_of(
    st.floats(-1e9, 1e9),
    st.builds(uniform, st.floats(-9, 1), st.floats(1, 9)),
    st.builds(uniform, st.integers(-9, 9).map(lambda n: n / 10), st.just(1.1), step=one_of([0.1, 0.25, 0.3, 1e-7, 2])),
    st.builds(log_uniform, st.floats(1e-300, 1), st.floats(1, 1e9)),
)
plain = {
    "size": whole, "rate": real, "word": st.text(max_size=3), "anything": whole | real,
    "sizes": st.lists(whole, max_size=3).map(tuple) | st.builds(repeat, whole, st.integers(1, 2), st.integers(2, 4)),
}  # fmt: skip


def likely(kind: type[Config], **inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={**plain, **inside} if kind is not Whole else inside).map(
        lambda given: made(kind, given)
    )


def among(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The part, or a choice of two."""
    return part | st.builds(choice, part, part)


def several(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(repeat, part, st.integers(1, 2), st.integers(2, 3)) | st.lists(part, max_size=3).map(tuple)


part = likely(Piece)
parts = part | likely(Holder, inner=among(part), inners=several(among(part)))
likely_templates = likely(
    Whole, piece=among(parts), count=whole, share=real, anything=among(parts) | several(among(parts)) | whole | real
)
templates = odd_templates | likely_templates


@fuzz
@given(templates, st.integers(0, 3))
def test_a_template_is_refused_in_words_or_works(template: Config, seed: int) -> None:
    with no_hang():
        use(template, seed)


@fuzz
@given(values, fields | pieces, fields, fields)
def test_a_space_is_refused_in_words_or_made(name: Any, objectives: Any, epochs: Any, baselines: Any) -> None:
    with no_hang():
        try:
            space = SearchSpace(
                name, Whole(count=choice(1, 2)), objectives=objectives, baselines=baselines,
                objective=lambda config, budget: iter(()), epochs=epochs,
            )  # fmt: skip
        except SpaceError as error:
            hold_to_form(error)
        else:
            assert isinstance(space.name, str)


def hold_to_form(error: SpaceError) -> None:
    """A line a mistake, each with what to do."""
    for line in str(error).splitlines():
        where, colon, what = line.partition(": ")
        assert where
        assert colon
        assert "; " in what


def use(template: Config, seed: int) -> None:
    """All that a search does with a template."""
    try:
        space = SearchSpace("fuzz", template, (minimize("y"),), objective=lambda config, budget: iter(()))
    except SpaceError as error:
        hold_to_form(error)
        return
    describe(template)
    fingerprint(space, "")
    assert size(template) >= 1
    trial = RandomTrial(random.Random(seed))
    try:
        config = sample(template, trial)
    except SpaceError:  # the rules of a config that hold for each hole alone
        return
    assert not has_hole(config)
    assert encode(template, config) == trial.params
    again = from_dict(type(config), json.loads(json.dumps(to_dict(config))))
    assert config_hash(again) == config_hash(config)
