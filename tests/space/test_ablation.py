from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nas import Component, Config, SpaceError, choice, integer, log_uniform, repeat, uniform
from nas.space.ablation import factor_between, one_at_a_time
from nas.space.algebra import config_hash, encode, sample
from nas.space.survey import RandomTrial
from tests.space.templates import Top, templates


class Net(Component, kind="ablated_net"):
    """A family."""


class Conv(Net, kind="ablated_conv"):
    """Convolutions."""

    width: int = 8
    kernel: int = 3


class Dense(Net, kind="ablated_dense"):
    """Dense layers."""

    width: int = 8
    rate: float = 0.0


class Study(Config):
    """Values of every kind."""

    net: Net = Conv()
    lr: float = 0.1
    sizes: tuple[int, ...] = ()
    flag: bool = False


def others(template: Study, base: Study) -> list[Study]:
    return [config for _, config in one_at_a_time(template, base)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(templates(), st.randoms(use_true_random=False))
def test_each_config_differs_from_the_base_in_exactly_one_hole_and_none_comes_twice(template: Top, random: Any) -> None:
    base = sample(template, RandomTrial(random))
    params = encode(template, base)
    found = list(one_at_a_time(template, base))
    for own, config in found:
        assert encode(template, config) == own
        roots = topmost({path for path in {*own, *params} if own.get(path, ...) != params.get(path, ...)})
        lengths = outermost([root for root in roots if root.endswith(".length")])
        assert len(lengths or roots) == 1, roots
        assert factor_between(own, params) == (lengths or roots)[0]
    digests = [config_hash(config) for _, config in found]
    assert len({*digests, config_hash(base)}) == len(digests) + 1


def topmost(paths: set[str]) -> list[str]:
    """The paths that lie below no other one of them."""
    return [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]


def outermost(lengths: list[str]) -> list[str]:
    """Those of repeats that lie in no item of another one."""
    items = [length.removesuffix("length") for length in lengths]
    return [
        length for length in lengths if not any(length.startswith(item) and length != f"{item}length" for item in items)
    ]


def test_of_choices_and_short_ranges_every_other_value_comes() -> None:
    template = Study(lr=choice(0.1, 0.2, 0.3), flag=choice(False, True), net=Conv(width=integer(1, 10)))
    base = Study(lr=0.2, flag=True, net=Conv(width=3))
    widths = [base.replace(net=Conv(width=width)) for width in (1, 2, 4, 5, 6, 7, 8, 9, 10)]
    assert others(template, base) == [*widths, base.replace(lr=0.1), base.replace(lr=0.3), base.replace(flag=False)]


@pytest.mark.parametrize(
    ("hole", "own", "values"),
    [
        (uniform(0.0, 1.0), 0.3, [0.0, 0.5, 1.0]),
        (uniform(0.0, 1.0), 0.5, [0.0, 1.0]),
        (log_uniform(1e-4, 1.0), 0.1, [1e-4, 1e-2, 1.0]),
        (uniform(0.0, 1.0, step=0.01), 0.37, [0.0, 0.5, 1.0]),
        (uniform(0.0, 0.4, step=0.1), 0.2, [0.0, 0.1, 0.3, 0.4]),
    ],
)
def test_a_long_range_is_tried_at_its_ends_and_its_middle(hole: float, own: float, values: list[float]) -> None:
    found = [config.lr for config in others(Study(lr=hole), Study(lr=own))]
    assert found == pytest.approx(values)


def test_a_long_range_of_whole_numbers_stays_on_its_steps() -> None:
    template, base = Study(net=Conv(width=integer(2, 100, step=7))), Study(net=Conv(width=9))
    assert [config.net.width for config in others(template, base)] == [2, 51, 100]  # type: ignore[attr-defined]
    template = Study(net=Conv(width=integer(1, 10_000, log=True)))
    assert [config.net.width for config in others(template, base)] == [1, 100, 10_000]  # type: ignore[attr-defined]


def test_another_option_takes_over_what_fits_of_the_base() -> None:
    dense = Dense(width=choice(4, 8, 16), rate=uniform(0.25, 0.5))
    template = Study(net=choice(Conv(width=choice(8, 16)), dense))
    assert others(template, Study(net=Conv(width=16))) == [
        Study(net=Dense(width=16, rate=0.25)),
        Study(net=Conv(width=8)),
    ]
    small = Study(net=choice(Conv(width=choice(5, 6)), Dense(width=choice(2, 3))))
    assert others(small, Study(net=Conv(width=5)))[0] == Study(net=Dense(width=2))


def test_a_repeat_grows_by_its_last_item_and_shrinks_from_its_end() -> None:
    template = Study(sizes=repeat(choice(1, 2), 1, 3))
    assert [config.sizes for config in others(template, Study(sizes=(1, 2)))] == [(1,), (1, 2, 2), (2, 2), (1, 1)]


def test_what_breaks_a_rule_or_means_the_same_is_left_out() -> None:
    class Ruled(Config):
        layers: int = 0
        width: int = 1
        wide: bool = False

        def rules(self) -> list[tuple[str, str]]:
            return [("wide", "too wide")] if self.wide and self.layers > 1 and self.width > 1 else []

        def inactive(self) -> frozenset[str]:
            return frozenset() if self.layers else frozenset({"width"})

    template = Ruled(layers=choice(0, 2), width=choice(1, 2), wide=choice(False, True))
    found = [config for _, config in one_at_a_time(template, Ruled(layers=2, width=2))]
    assert found == [Ruled(layers=0, width=2), Ruled(layers=2, width=1)]
    assert [config for _, config in one_at_a_time(template, Ruled())] == [Ruled(layers=2, width=1), Ruled(wide=True)]


def test_a_base_outside_the_template_is_refused() -> None:
    with pytest.raises(SpaceError, match="outside the space"):
        next(one_at_a_time(Study(lr=choice(0.1, 0.2)), Study(lr=0.3)))


@pytest.mark.parametrize(
    ("params", "factor"),
    [
        ({"net": "conv", "net.conv.width": 8, "lr": 0.1}, None),
        ({"net": "conv", "net.conv.width": 8, "lr": 0.2}, "lr"),
        ({"net": "dense", "net.dense.rate": 0.5, "lr": 0.1}, "net"),
        ({"net": "dense", "net.dense.rate": 0.5, "lr": 0.2}, None),
        ({"net": "conv", "net.conv.width": 9, "lr": 0.2}, None),
        ({"net": "conv", "net.conv.width": 8.0, "lr": 0.1}, "net.conv.width"),
    ],
)
def test_the_factor_between_two_trials(params: dict[str, Any], factor: str | None) -> None:
    assert factor_between(params, {"net": "conv", "net.conv.width": 8, "lr": 0.1}) == factor


def test_items_that_come_with_a_length_belong_to_it() -> None:
    base = {"sizes.length": 1, "sizes.0": 3}
    assert factor_between({"sizes.length": 2, "sizes.0": 3, "sizes.1": 5}, base) == "sizes.length"
    assert factor_between({"sizes.length": 2, "sizes.0": 4, "sizes.1": 5}, base) is None
