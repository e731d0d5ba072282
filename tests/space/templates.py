"""Random templates and trials for the tests of the space algebra."""

from typing import Any

from hypothesis import strategies as st

from nas import Component, Config, choice, integer, log_uniform, repeat, uniform
from nas.space.holes import Choice


class Part(Component, kind="test_part"):
    """A family of components. `tag` keeps the options of one choice apart."""

    tag: int = 0


class Leaf(Part, kind="leaf"):
    """Values of every kind."""

    width: int = 1
    rate: float = 0.5
    flag: bool = False
    word: str | None = None
    sizes: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()


class Node(Part, kind="node"):
    """A component with others inside."""

    inner: Part = Leaf()
    inners: tuple[Part, ...] = ()


class Top(Config):
    """The outermost config, which has no kind."""

    part: Part
    rate: float = 0.0


_words = st.sampled_from(["relu", "gelu", "a b", "1", ""])


@st.composite
def int_holes(draw: st.DrawFn) -> Any:
    """A choice or range of whole numbers, or a number."""
    kind = draw(st.sampled_from(["plain", "choice", "range", "log"]))
    if kind == "choice":
        return choice(*draw(st.lists(st.integers(-5, 5), min_size=2, max_size=4, unique=True)))
    low, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    if kind == "range":
        return integer(low - 3, low - 3 + width, step=draw(st.integers(1, width)))
    return integer(low, low + width, log=True) if kind == "log" else low


@st.composite
def float_holes(draw: st.DrawFn, endless: bool = True) -> Any:
    """A choice or range of numbers, or a number; `endless` allows ranges without a step."""
    kind = draw(st.sampled_from(["plain", "choice", "steps", *(["range", "log"] if endless else [])]))
    if kind == "choice":
        return choice(*draw(st.lists(st.sampled_from([0, 0.1, 1, 2.5, -3.25]), min_size=2, max_size=4, unique=True)))
    low = draw(st.sampled_from([-1.0, 0.0, 0.1, 0.333, 2]))
    if kind == "steps":
        step = draw(st.sampled_from([0.1, 0.25, 0.7, 1]))
        return uniform(low, low + draw(st.sampled_from([1.0, 1.5, 2.2, 4.9])), step=step)
    if kind == "log":
        return log_uniform(10 ** draw(st.floats(-5, 0)), 10 ** draw(st.floats(0.1, 3)))
    return uniform(low, low + draw(st.floats(0.001, 100))) if kind == "range" else low


@st.composite
def tuples(draw: st.DrawFn, items: Any) -> Any:
    """A tuple, one with holes, or a repeat."""
    if draw(st.booleans()):
        low = draw(st.integers(1, 2))
        return repeat(draw(items), low, draw(st.integers(low, 2)))
    return tuple(draw(st.lists(items, max_size=2)))


@st.composite
def parts(draw: st.DrawFn, depth: int = 2, endless: bool = True, tag: int = 0) -> Any:
    """A component with holes, or a choice of such that do not overlap."""
    kind = draw(st.sampled_from(["leaf", "node", "choice"] if depth else ["leaf"]))
    if kind == "choice":
        options = [draw(parts(depth - 1, endless, tag).filter(_whole)).replace(tag=tag) for tag in (1, 2)]
        return choice(*options)
    numbers = float_holes(endless)
    if kind == "node":
        inner = parts(depth - 1, endless)
        return Node(tag=tag, inner=draw(inner), inners=draw(tuples(inner)))
    return Leaf(
        tag=tag,
        width=draw(int_holes()),
        rate=draw(numbers),
        flag=draw(st.sampled_from([False, choice(False, True)])),
        word=draw(st.one_of(_words, st.just(choice(None, "relu", "gelu")))),
        sizes=draw(tuples(int_holes())),
        rates=draw(tuples(numbers)),
    )


@st.composite
def templates(draw: st.DrawFn, endless: bool = True, depth: int = 2) -> Top:
    """A random template; without `endless` it has a finite number of configs."""
    return Top(part=draw(parts(depth, endless)), rate=draw(float_holes(endless)))


def _whole(part: Any) -> bool:
    return not isinstance(part, Choice)
