import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import Config, SearchSpace, choice, constraint, integer, log_uniform, max_params, minimize, repeat, uniform
from nas.records import Cost
from nas.space.algebra import encode, sample
from nas.space.holes import Range
from nas.space.survey import RandomTrial, survey


class Net(Config):
    width: int = 1
    rate: float = 0.1
    drop: float = 0.0
    layers: tuple[int, ...] = (1,)
    bias: bool = False


class Square(Config):
    width: int = 1
    height: int = 1

    def rules(self):
        if self.width > 2 and self.height > 2 and self.width != self.height:
            yield "height", "must equal width"


TEMPLATE = Net(
    width=integer(1, 64, log=True),
    rate=log_uniform(1e-4, 1e-1),
    drop=uniform(0.0, 0.5, step=0.1),
    layers=repeat(integer(2, 8, step=3), 1, 3),
    bias=choice(False, True),
)


def evens(*limits):
    template = Net(width=integer(2, 10, step=2))
    return SearchSpace("evens", template, objectives=(minimize("loss"),), constraints=limits, objective=lambda c, b: [])


def measure(config):
    return Cost(params=config.width, trainable_params=config.width, flops=10 * config.width, activation_bytes=0)


@given(st.integers(0, 2**32))
def test_random_draws_lie_in_the_space(seed):
    trial = RandomTrial(random.Random(seed))
    config = sample(TEMPLATE, trial)
    assert encode(TEMPLATE, config) == pytest.approx(trial.params)


def test_the_same_seed_draws_the_same():
    draws = [[sample(TEMPLATE, RandomTrial(random.Random(seed))) for _ in range(3)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_every_value_comes_up_and_log_ranges_favour_small_ones():
    generator = random.Random(0)
    drawn = [sample(TEMPLATE, RandomTrial(generator)) for _ in range(2000)]
    assert {config.drop for config in drawn} == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}
    assert {len(config.layers) for config in drawn} == {1, 2, 3}
    assert {layer for config in drawn for layer in config.layers} == {2, 5, 8}
    below = sum(config.width <= 8 for config in drawn) / 2000
    assert 0.4 < below < 0.7  # log(8.5 / 0.5) / log(64.5 / 0.5) = 0.58; uniform would be 0.125
    assert {1, 64} <= {config.width for config in drawn}


def test_sizes_are_those_of_the_feasible_draws():
    found = survey(evens(max_params(6)), measure, draws=400)
    assert found.params() == (2, 4, 6)
    assert {cost.params for _, cost in found.feasible} == {2, 4, 6}
    assert found.share_infeasible == pytest.approx(0.4, abs=0.08)
    assert found.infeasible == {"params <= 6": 400 - len(found.feasible)}


def test_a_space_in_which_nothing_is_feasible_has_no_sizes():
    found = survey(evens(constraint("never", lambda config, cost: 1.0)), measure, draws=5)
    assert found.params() is None
    assert found.share_infeasible == 1
    assert found.infeasible == {"never": 5}


def test_networks_that_cannot_be_built_are_infeasible():
    def picky(config):
        if config.width > 5:
            raise ValueError(f"{config.width} is too wide")
        return measure(config)

    space = SearchSpace("picky", Net(width=choice(5, 6)), objectives=(minimize("loss"),), objective=lambda c, b: [])
    found = survey(space, picky, draws=50)
    assert found.params() == (5, 5, 5)
    assert list(found.infeasible) == ["does not fit the images"]


def test_draws_that_break_a_rule_are_infeasible(monkeypatch):
    """A rule between three holes is not seen when the space is loaded."""
    space = evens()
    monkeypatch.setattr("nas.space.survey.sample", lambda template, trial: Square(width=3, height=4))
    assert survey(space, measure, draws=2).infeasible == {"Square.height: must equal width": 2}


def test_a_range_of_very_many_steps_is_drawn_from_without_a_list_of_them(monkeypatch):
    monkeypatch.setattr(Range, "values", None)
    template = Net(drop=uniform(0.0, 1.0, step=1e-14))
    trial = RandomTrial(random.Random(0))
    config = sample(template, trial)
    assert 0.0 < config.drop < 1.0
    assert encode(template, config) == trial.params
