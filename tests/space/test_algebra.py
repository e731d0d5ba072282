import json
import random
import warnings
from collections.abc import Callable

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler

from nas import (
    VGG19,
    Adam,
    Component,
    Config,
    ConvNet,
    Cosine,
    Digits,
    ImageFolder,
    SpaceError,
    TrialConfig,
    choice,
    integer,
    log_uniform,
    repeat,
    uniform,
)
from nas.space.algebra import config_hash, encode, holes, sample
from nas.space.checks import has_hole
from nas.space.config import from_dict, identity, to_dict
from nas.space.survey import RandomTrial
from tests.space.templates import Top, templates

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Block(Component, kind="algebra_block"):
    width: int = 1


class Stack(Config):
    blocks: tuple[Block, ...]


TEMPLATE = TrialConfig(
    data=Digits(),
    model=choice(
        ConvNet(filters=choice(32, 64), kernel_size=integer(3, 9, step=2), dropout=uniform(0, 0.5, step=0.1)), VGG19()
    ),
    optimizer=Adam(lr=log_uniform(1e-4, 1e-1)),
)


@given(templates(), st.randoms(use_true_random=False))
def test_encode_inverts_sample(template: Top, generator: random.Random) -> None:
    trial = RandomTrial(generator)
    config = sample(template, trial)
    assert not has_hole(config)
    assert encode(template, config) == trial.params
    assert sample(template, trial) == config  # asking again changes nothing
    assert trial.params.keys() <= dict(holes(template)).keys()


@settings(max_examples=60, deadline=None)
@given(templates(), st.integers(0, 1000))
def test_encode_inverts_sample_with_optuna(template: Top, seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Optuna warns where steps do not meet the upper end
        trial = optuna.create_study(sampler=RandomSampler(seed=seed)).ask()
        config = sample(template, trial)
    params = encode(template, config)
    assert params == trial.params
    assert {name: type(value) for name, value in params.items()} == {n: type(v) for n, v in trial.params.items()}


SAMPLERS = [
    lambda: RandomSampler(seed=1),
    lambda: TPESampler(seed=1, n_startup_trials=3, multivariate=True, group=True, constant_liar=True),
    lambda: NSGAIISampler(seed=1, population_size=4),
    lambda: CmaEsSampler(seed=1, n_startup_trials=2, warn_independent_sampling=False),
    pytest.param(lambda: QMCSampler(seed=1, warn_independent_sampling=False), marks=pytest.mark.slow),  # imports scipy
    pytest.param(lambda: GPSampler(seed=1, n_startup_trials=4), marks=pytest.mark.slow),  # imports torch
]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_encode_inverts_sample_for_every_sampler(sampler: Callable[[], BaseSampler]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study = optuna.create_study(sampler=sampler())
    for number in range(12):
        trial = study.ask()
        config = sample(TEMPLATE, trial)
        assert encode(TEMPLATE, config) == trial.params
        study.tell(trial, (number * 7) % 5)


def test_params_asked_for_are_the_ones_of_an_enqueued_config() -> None:
    config = TrialConfig(data=Digits(), model=ConvNet(filters=64, kernel_size=7, dropout=0.3), optimizer=Adam(lr=1e-2))
    study = optuna.create_study()
    study.enqueue_trial(encode(TEMPLATE, config))
    assert sample(TEMPLATE, study.ask()) == config


def test_a_step_gives_the_number_as_it_is_written() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"model": "convnet", "model.convnet.dropout": 0.30000000000000004})  # as Optuna computes it
    model = sample(TEMPLATE, study.ask()).model
    assert isinstance(model, ConvNet)
    assert model.dropout == 0.3


def test_names_are_paths_and_only_the_holes_of_the_chosen_branch_are_asked() -> None:
    assert [name for name, _ in holes(TEMPLATE)] == [
        "model",
        "model.convnet.filters",
        "model.convnet.kernel_size",
        "model.convnet.dropout",
        "optimizer.adam.lr",
    ]
    config = TrialConfig(data=Digits(), model=VGG19(), optimizer=Adam(lr=1e-2))
    assert encode(TEMPLATE, config) == {"model": "vgg19", "optimizer.adam.lr": 1e-2}


def test_a_repeat_asks_for_its_length_and_each_item() -> None:
    template = Stack(blocks=repeat(Block(width=integer(1, 4)), 1, 3))
    config = Stack(blocks=(Block(width=2), Block(width=4)))
    params = {
        "blocks.length": 2,
        "blocks.0.algebra_block.width": 2,
        "blocks.1.algebra_block.width": 4,
    }
    assert encode(template, config) == params
    fixed = Stack(blocks=repeat(Block(width=integer(1, 4)), 2, 2))
    assert encode(fixed, config) == {name: value for name, value in params.items() if name != "blocks.length"}
    assert [name for name, _ in holes(fixed)] == ["blocks.0.algebra_block.width", "blocks.1.algebra_block.width"]


OUTSIDE = {
    "an option": (
        ConvNet(filters=48),
        Adam(lr=1e-2),
        "model.convnet.filters: 48 is outside the space; the template has choice 32, 64",
    ),
    "a step": (
        ConvNet(filters=32, kernel_size=3, dropout=0.25),
        Adam(lr=1e-2),
        "model.convnet.dropout: 0.25 is outside the space; the template has 0.0 to 0.5 step 0.1",
    ),
    "a range": (
        ConvNet(filters=32),
        Adam(lr=0.5),
        "optimizer.adam.lr: 0.5 is outside the space; the template has 0.0001 to 0.1 log",
    ),
    "a fixed value": (
        ConvNet(filters=32, batch_norm=True),
        Adam(lr=1e-2),
        "model.convnet.batch_norm: True is outside the space; the template has False",
    ),
    "a fixed branch": (
        VGG19(head_width=7),
        Adam(lr=1e-2),
        "model.vgg19.head_width: 7 is outside the space; the template has 2048",
    ),
}


@pytest.mark.parametrize(("model", "optimizer", "line"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_config_outside_the_space_is_told_by_path(model: ConvNet, optimizer: Adam, line: str) -> None:
    with pytest.raises(SpaceError) as told:
        encode(TEMPLATE, TrialConfig(data=Digits(), model=model, optimizer=optimizer))
    assert str(told.value) == line


def test_another_class_or_length_is_outside_the_space() -> None:
    stack = Stack(blocks=repeat(Block(), 2, 3))
    with pytest.raises(SpaceError, match=r"^blocks: 1 items are outside the space; the template has 2 to 3 items$"):
        encode(stack, Stack(blocks=(Block(),)))
    config = TrialConfig(data=Digits(), model=VGG19(), optimizer=Adam(lr=1e-2), schedule=Cosine())
    with pytest.raises(SpaceError, match=r"^schedule: Cosine is outside the space; the template has Constant$"):
        encode(TEMPLATE, config)


def test_every_mistake_is_told_at_once() -> None:
    config = TrialConfig(data=Digits(), model=ConvNet(filters=1, dropout=0.7), epochs=3)
    with pytest.raises(SpaceError) as told:
        encode(TEMPLATE, config)
    assert [mistake.where for mistake in told.value.mistakes] == [
        "model.convnet.filters",
        "model.convnet.dropout",
        "epochs",
    ]


@given(templates(), st.randoms(use_true_random=False))
def test_json_round_trip(template: Top, generator: random.Random) -> None:
    config = sample(template, RandomTrial(generator))
    copy = from_dict(Top, json.loads(json.dumps(to_dict(config))))
    assert copy == config
    assert to_dict(copy) == to_dict(config)
    assert json.dumps(to_dict(copy)) == json.dumps(to_dict(config))  # 1 and 1.0 are kept apart


@given(templates(), st.randoms(use_true_random=False))
def test_hashes_are_equal_exactly_when_identities_are(template: Top, generator: random.Random) -> None:
    left, right = (sample(template, RandomTrial(generator)) for _ in range(2))
    assert (config_hash(left) == config_hash(right)) == (identity(left) == identity(right))
    assert config_hash(left) == config_hash(from_dict(Top, to_dict(left)))


def test_what_has_no_effect_or_says_where_is_not_in_the_hash() -> None:
    def config(**values: object) -> TrialConfig:
        return TrialConfig(data=ImageFolder(path=str(values.pop("path", "a"))), model=ConvNet(**values))  # type: ignore[arg-type]

    assert config_hash(config(path="a")) == config_hash(config(path="b"))
    assert config_hash(config(dense_layers=0, dense_width=8)) == config_hash(config(dense_layers=0, dense_width=9))
    assert config_hash(config(dense_width=8)) != config_hash(config(dense_width=9))


def test_the_hash_of_a_config_never_changes() -> None:
    """It names trials in stored studies."""
    assert config_hash(TrialConfig(data=Digits(), model=ConvNet())) == "76514791ee04d2fd"


def test_a_draw_that_breaks_a_rule_is_told() -> None:
    class Ruled(Config):
        one: bool = False
        two: bool = False
        three: bool = False

        def rules(self) -> list[tuple[str, str]]:
            return [("three", "all three are too much")] if self.one and self.two and self.three else []

    template = Ruled(one=choice(False, True), two=choice(False, True), three=choice(False, True))
    study = optuna.create_study()
    study.enqueue_trial({"one": True, "two": True, "three": True})
    with pytest.raises(SpaceError, match=r"^Ruled\.three: all three are too much$"):
        sample(template, study.ask())
