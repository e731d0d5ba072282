import json
import math
from itertools import islice

import pytest
from hypothesis import HealthCheck, assume, given, settings

from nas import Config, SpaceError, choice, integer, log_uniform, repeat, uniform
from nas.space.algebra import encode
from nas.space.config import to_dict
from nas.space.finite import grid, size
from tests.space.templates import Top, templates


class Numbers(Config):
    a: int = 0
    b: float = 0.0
    items: tuple[int, ...] = ()


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(templates(endless=False))
def test_the_grid_has_each_config_once_and_as_many_as_the_size_says(template: Top) -> None:
    count = size(template)
    assume(count <= 200)
    found = list(grid(template))
    assert len(found) == count
    assert len({json.dumps(to_dict(config)) for _, config in found}) == count
    for params, config in found:
        assert encode(template, config) == params


def test_the_grid_of_a_small_template() -> None:
    template = Numbers(a=choice(2, 1), b=uniform(0.0, 0.35, step=0.1), items=repeat(integer(1, 2), 1, 2))
    found = [(config.a, config.b, config.items) for _, config in grid(template)]
    tuples = [(1,), (2,), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert found == [(a, b, items) for a in (2, 1) for b in (0.0, 0.1, 0.2, 0.3) for items in tuples]
    assert size(template) == 2 * 4 * (2 + 4)


def test_the_grid_leaves_out_what_breaks_a_rule() -> None:
    class Ruled(Config):
        a: bool = False
        b: bool = False
        c: bool = False

        def rules(self) -> list[tuple[str, str]]:
            return [("c", "too much")] if self.a and self.b and self.c else []

    template = Ruled(a=choice(False, True), b=choice(False, True), c=choice(False, True))
    assert size(template) == 8
    assert len(list(grid(template))) == 7


def test_the_grid_of_a_template_without_holes_is_itself() -> None:
    assert list(grid(Numbers(a=3))) == [({}, Numbers(a=3))]


def test_endless_holes_are_named() -> None:
    template = Numbers(b=log_uniform(0.1, 1.0), a=integer(1, 3))
    with pytest.raises(SpaceError, match=r"^b: has no finite number of values; give it a step$"):
        next(grid(template))
    assert size(template) == math.inf


def test_huge_templates_are_counted_and_begun_at_once() -> None:
    template = Numbers(a=integer(0, 2**62), items=repeat(integer(1, 1000), 1, 1000))
    assert size(template) == (2**62 + 1) * sum(1000**length for length in range(1, 1001))
    assert [config.items for _, config in islice(grid(template), 3)] == [(1,), (2,), (3,)]
    assert size(Numbers(b=uniform(0.0, 1.0), items=repeat(integer(1, 1000), 1, 1000))) == math.inf
