from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from nas import (
    SGD,
    Adam,
    Config,
    ConvNet,
    Digits,
    SearchSpace,
    SpaceError,
    TrialConfig,
    choice,
    integer,
    repeat,
    uniform,
)
from nas.space.finite import grid, size
from nas.space.holes import Hole
from nas.space.overlap import overlap
from tests.space.templates import Top, float_holes, int_holes, templates


class Value(Config):
    """One value of any kind."""

    value: Any = None


CASES: list[tuple[Any, Any, bool]] = [
    (1, 1, True),
    (1, 2, False),
    (1, True, False),
    (1, 1.0, False),
    (choice(1, 2), choice(2, 3), True),
    (choice(1, 2), choice(3, 4), False),
    (choice(1, 2), 2, True),
    (3, choice(1, 2), False),
    (integer(1, 5), integer(6, 9), False),
    (integer(1, 5), integer(5, 9), True),
    (integer(1, 9, step=2), integer(2, 8, step=2), False),
    (integer(0, 10**9), choice(-1, 5), True),
    (integer(0, 10**9), choice(-1, -5), False),
    (uniform(0, 1), uniform(1, 2), True),
    (uniform(0, 1), uniform(1.5, 2), False),
    (uniform(0.0, 1.0), choice(0.5, 7.0), True),
    (uniform(0.0, 1.0, step=0.25), uniform(0.1, 0.9, step=0.2), True),  # both hold 0.5
    (uniform(0.0, 1.0, step=0.25), 0.3, False),
    (repeat(1, 1, 2), repeat(1, 3, 4), False),
    (repeat(1, 1, 3), repeat(2, 3, 4), False),
    (repeat(choice(1, 2), 1, 3), repeat(choice(2, 3), 3, 4), True),
    (repeat(choice(1, 2), 1, 3), (2, 1), True),
    (repeat(choice(1, 2), 1, 3), (2, 3), False),
    ((1, choice(1, 2)), (1, 2), True),
    ((1, 2), (1, 2, 3), False),
    (Value(value=choice(1, 2)), Value(value=2), True),
    (Value(value=1), ConvNet(), False),
    (choice(ConvNet(), SGD()), choice(Adam(), ConvNet()), True),
    (choice(ConvNet(), SGD()), choice(Adam(), ConvNet(filters=3)), False),
    (choice(None, SGD()), choice("a", "b"), False),
]


@pytest.mark.parametrize(("left", "right", "expected"), CASES)
def test_overlap(left: Any, right: Any, expected: bool) -> None:
    assert overlap(left, right) is expected
    assert overlap(right, left) is expected


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(templates(endless=False, depth=1), int_holes(), float_holes(endless=False))
def test_templates_overlap_exactly_when_they_share_a_config(left: Top, tag: Any, rate: Any) -> None:
    other = left.replace(rate=rate) if isinstance(left.part, Hole) else Top(part=left.part.replace(tag=tag), rate=rate)
    assume(size(left) <= 30 and size(other) <= 30)
    shared = any(a == b for (_, a), (_, b) in product(grid(left), grid(other)))
    assert overlap(left, other) == shared


def test_overlapping_options_are_refused() -> None:
    template = TrialConfig(
        data=Digits(), model=choice(ConvNet(filters=choice(32, 64)), ConvNet(filters=choice(64, 128)))
    )
    line = (
        r"^template\.model: the options convnet and convnet_2 overlap: some config is in both; keep their values apart$"
    )
    with pytest.raises(SpaceError, match=line):
        SearchSpace("s", template)
    apart = TrialConfig(data=Digits(), model=choice(ConvNet(filters=choice(32, 64)), ConvNet(filters=128)))
    assert SearchSpace("s", apart).template is apart


def test_overlapping_items_of_a_repeat_are_told_once() -> None:
    class Stack(Config):
        blocks: tuple[Any, ...]

    stack = Stack(blocks=repeat(choice(SGD(lr=uniform(0.1, 1)), SGD(lr=0.5)), 1, 9))
    with pytest.raises(SpaceError) as told:
        SearchSpace("s", stack, objective=lambda config, budget: iter(()))
    assert [mistake.where for mistake in told.value.mistakes] == ["template.blocks.0"]


def test_long_ranges_are_compared_at_once() -> None:
    assert not overlap(integer(0, 19_998, step=2), integer(1, 19_999, step=2))
