import copy
import json
import math
import pickle
import random
from collections.abc import Iterator
from time import process_time
from typing import Annotated, Any, ClassVar, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator

from nas import (
    MLP,
    SGD,
    VGG19,
    Adam,
    AveragePool,
    Component,
    Config,
    ConvNet,
    Cosine,
    Dense,
    Digits,
    EarlyStopping,
    Head,
    ImageFolder,
    MaxPool,
    Model,
    Phase,
    SpaceError,
    Stage,
    StagedNet,
    TrialConfig,
    choice,
    integer,
    log_uniform,
    repeat,
    uniform,
)
from nas.space.algebra import encode, sample
from nas.space.checks import has_hole
from nas.space.config import from_dict, identity, to_dict
from nas.space.mistakes import gathering
from nas.space.survey import RandomTrial
from tests.pace import check_time


class Shape(Config):
    """Fields of every kind that a config of one's own may have."""

    size: Annotated[int, Field(ge=1)] = 1
    ratio: float = 0.5
    either: int | str = 1
    side: Literal[1, 3] = 1
    sizes: tuple[int, ...] = ()
    pair: tuple[int, float] = (1, 0.5)
    path: str = ""

    place_fields: ClassVar[frozenset[str]] = frozenset({"path"})


class Open(Model, kind="open_model"):
    """A model whose default is a hole."""

    width: int = choice(8, 16)


# what is wrong -> a class, values for it, and the lines, each after the class's name and a dot
WRONG: dict[str, tuple[type[Config], dict[str, Any], list[str]]] = {
    "unknown field": (
        ConvNet,
        {"kernel_sise": 3},
        ["kernel_sise: unknown field of ConvNet, given 3; did you mean kernel_size?"],
    ),
    "unknown field, nothing near": (
        EarlyStopping,
        {"x": 3},
        ["x: unknown field of EarlyStopping, given 3; known are metric, patience"],
    ),
    "missing field": (ImageFolder, {}, ["path: ImageFolder needs this field; give it a value"]),
    "text for a number": (
        ConvNet,
        {"filters": "64"},
        ["filters: must be a whole number, got '64'; write a whole number, such as 3"],
    ),
    "number for a boolean": (ConvNet, {"batch_norm": 1}, ["batch_norm: must be a boolean, got 1; write True or False"]),
    "boolean for a number": (
        ConvNet,
        {"filters": True},
        ["filters: must be a whole number, got True; write a whole number, such as 3"],
    ),
    "float for a whole number": (
        ConvNet,
        {"filters": 64.0},
        ["filters: must be a whole number, got 64.0; write a whole number, such as 3"],
    ),
    "zero layers": (ConvNet, {"conv_layers": 0}, ["conv_layers: must be greater than or equal to 1, got 0; raise it"]),
    "dropout 1": (ConvNet, {"dropout": 1.0}, ["dropout: must be less than 1, got 1.0; lower it"]),
    "nan": (
        ConvNet,
        {"dropout": math.nan},
        ["dropout: must be less than 1, got nan; lower it"],
    ),
    "none of the words": (
        ConvNet,
        {"padding": "sme"},
        ["padding: must be 'same' or 'valid', got 'sme'; did you mean same?"],
    ),
    "another family": (
        TrialConfig,
        {"data": Digits(), "model": Cosine()},
        ["model: must be a Model, got Cosine(warm_up=0.0, min_lr=0.0); write one"],
    ),
    "no config": (
        TrialConfig,
        {"data": Digits(), "model": ConvNet(), "early_stopping": 3},
        ["early_stopping: must be an EarlyStopping, got 3; write one"],
    ),
    "a class, not an object": (
        TrialConfig,
        {"data": Digits, "model": ConvNet()},
        ["data: must be a Data, got <class 'nas.config.data.Digits'>; write one"],
    ),
    "even kernel": (
        ConvNet,
        {"kernel_size": 4},
        ['kernel_size: must be odd with padding="same", got 4; change one of them'],
    ),
    "even kernel in a choice": (
        ConvNet,
        {"kernel_size": choice(3, 4)},
        ['kernel_size: must be odd with padding="same", got 4; change one of them'],
    ),
    "even kernel in a range": (
        ConvNet,
        {"kernel_size": integer(3, 9)},
        ['kernel_size: must be odd with padding="same", got 4; change one of them'],
    ),
    "even kernel with one of the paddings": (
        ConvNet,
        {"kernel_size": choice(3, 4), "padding": choice("valid", "same")},
        ['kernel_size: must be odd with padding="same", got 4; change one of them'],
    ),
    "two of several": (
        SGD,
        {"nesterov": choice(True, False), "momentum": choice(0.9, 0.0)},
        ["nesterov: needs momentum above 0, got momentum=0.0; raise it"],
    ),
    "one option": (
        ConvNet,
        {"filters": choice(64, labels=())},
        ["filters: choice needs at least two options, got 1; add one, or write the value"],
    ),
    "a bad option": (ConvNet, {"dropout": choice(0.0, 1.0)}, ["dropout: must be less than 1, got 1.0; lower it"]),
    "an option of the wrong kind": (
        ConvNet,
        {"filters": choice(32, "64")},
        ["filters: must be a whole number, got '64'; write a whole number, such as 3"],
    ),
    "unhashable options": (
        ConvNet,
        {"filters": choice([1], [2])},
        [
            "filters: must be a whole number, got [1]; write a whole number, such as 3",
            "filters: must be a whole number, got [2]; write a whole number, such as 3",
        ],
    ),
    "options alike once read": (
        ConvNet,
        {"dropout": choice(0, 0.0)},
        ["dropout: choice has the options 0 and 0.0, which are one to the sampler; remove one"],
    ),
    "upper end": (ConvNet, {"dropout": uniform(0, 1)}, ["dropout: must be less than 1, got 1.0; lower it"]),
    "log from 0": (
        Adam,
        {"lr": log_uniform(0, 1)},
        ["lr: a log range must start above 0, got low=0; raise it, or take the log away"],
    ),
    "range of floats in a whole field": (
        ConvNet,
        {"filters": uniform(1, 8)},
        [
            "filters: must be a whole number, got 1.0; write a whole number, such as 3",
            "filters: must be a whole number, got 8.0; write a whole number, such as 3",
        ],
    ),
    "integer in a float field": (
        Shape,
        {"ratio": integer(1, 8)},
        ["ratio: integer needs whole numbers, got low=1.0, high=8.0, step=1; use uniform with a step"],
    ),
    "between the words": (Shape, {"side": integer(1, 3)}, ["side: must be 1 or 3, got 2; write one of these"]),
    "a hole in a choice": (
        ConvNet,
        {"filters": choice(3, integer(4, 9))},
        ["filters: an option of a choice cannot itself be a hole; put it into a config of its own"],
    ),
    "a hole in a tuple in a choice": (
        Shape,
        {"sizes": choice((1, integer(4, 9)), (2,))},
        ["sizes: an option of a choice cannot be a tuple with holes; put it into a config of its own"],
    ),
    "a bad item": (
        Shape,
        {"sizes": repeat(choice(1, "a"), 1, 2)},
        ["sizes.0: must be a whole number, got 'a'; write a whole number, such as 3"],
    ),
    "a bad hole in an item": (
        Shape,
        {"sizes": repeat(integer(3, 1), 1, 2)},
        ["sizes: low < high must hold, got low=3, high=1; swap them"],
    ),
    "a hole in a place": (Shape, {"path": choice("a", "b")}, ["path: takes no hole; give it a value"]),
    "none of a union": (
        Shape,
        {"either": 0.5},
        [
            "either: must be a whole number, got 0.5; write a whole number, such as 3",
            "either: must be a string, got 0.5; write it in quotes",
        ],
    ),
    "an item of a tuple": (
        Shape,
        {"sizes": (1, "x")},
        ["sizes.1: must be a whole number, got 'x'; write a whole number, such as 3"],
    ),
    "a long value": (
        ConvNet,
        {"filters": "x" * 200},
        [f"filters: must be a whole number, got '{'x' * 76}...; write a whole number, such as 3"],
    ),
    "several": (
        ConvNet,
        {"kernel_size": 4, "filers": 3, "dropout": 2.0, "dense_layers": choice(-1, 2)},
        [
            "filers: unknown field of ConvNet, given 3; did you mean filters?",
            "dense_layers: must be greater than or equal to 0, got -1; raise it",
            "dropout: must be less than 1, got 2.0; lower it",
            'kernel_size: must be odd with padding="same", got 4; change one of them',
        ],
    ),
}


@pytest.mark.parametrize(("kind", "values", "lines"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_where_it_stands(kind: type[Config], values: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(SpaceError) as told:
        kind(**values)
    assert str(told.value).splitlines() == [f"{kind.__name__}.{line}" for line in lines]


def test_values_are_read_as_their_field_has_them() -> None:
    holes: Any = Shape(ratio=choice(0, 1), sizes=(choice(1, 2), 3), pair=(1, choice(0, 1)))
    assert [type(option) for option in holes.ratio.options] == [float, float]
    assert holes.ratio.labels == (0.0, 1.0)
    assert [type(option) for option in holes.pair[1].options] == [float, float]
    assert [type(option) for option in holes.sizes[0].options] == [int, int]
    assert type(Shape(ratio=1).ratio) is float


def test_holes_in_repeats_are_read_as_their_field_has_them() -> None:
    class Rates(Config):
        rates: tuple[float, ...]

    holes: Any = Rates(rates=repeat(choice(0, 1), 1, 3))
    assert [type(option) for option in holes.rates.item.options] == [float, float]


def test_a_hole_as_a_default_is_a_hole() -> None:
    assert has_hole(Open())
    assert not has_hole(Open(width=8))

    class Trial:
        def suggest_categorical(self, name: str, choices: Any) -> Any:
            assert name == "open_model.width"
            return choices[-1]

    assert sample(Open(), cast(Any, Trial())).width == 16


def test_a_bad_hole_as_a_default_is_told() -> None:
    class Bad(Config):
        width: int = choice(8, "x")  # type: ignore[assignment]

    with pytest.raises(SpaceError, match=r"^Bad\.width: must be a whole number, got 'x'; write a whole number"):
        Bad()


def test_checks_of_pydantic_work() -> None:
    class Pair(Config):
        low: int = 0
        high: int = 1

        @model_validator(mode="after")
        def ordered(self) -> "Pair":
            if self.low > self.high:
                raise ValueError(f"low <= high must hold, got low={self.low}, high={self.high}")
            return self

    with pytest.raises(SpaceError, match=r"^Pair: low <= high must hold, got low=3, high=1$"):
        Pair(low=choice(0, 3))


def test_configs_are_frozen_equal_by_value_and_can_be_copied() -> None:
    config = TrialConfig(data=Digits(), model=choice(ConvNet(filters=choice(1, 2)), VGG19()))
    assert config == config.replace() == copy.deepcopy(config) == pickle.loads(pickle.dumps(config))
    assert hash(config) == hash(config.replace())
    assert config.replace(epochs=3).epochs == 3
    assert config != config.replace(epochs=3)
    with pytest.raises(ValueError, match="frozen"):
        config.epochs = 3


def test_replace_is_checked() -> None:
    with pytest.raises(SpaceError, match=r"^ConvNet\.kernel_size: must be odd"):
        ConvNet().replace(kernel_size=2)


def test_mistakes_are_put_off_while_a_file_is_read() -> None:
    with gathering() as put_off:
        template = TrialConfig(data=Digits(), model=ConvNet(kernel_size=4, filters="x"))  # type: ignore[arg-type]
    assert [mistake.where for mistake in put_off] == ["ConvNet.filters", "ConvNet.kernel_size"]
    assert template.epochs == 10
    with pytest.raises(SpaceError):
        ConvNet(kernel_size=4)


def test_to_dict_is_json_data_with_kinds() -> None:
    config = TrialConfig(data=Digits(), model=Open(width=8))
    data = to_dict(config)
    assert data["model"] == {"kind": "open_model", "l1": 0.0, "l2": 0.0, "width": 8}
    assert data["early_stopping"] is None
    assert data["epochs"] == 10
    assert from_dict(TrialConfig, data) == config
    stopping = config.replace(early_stopping=EarlyStopping(patience=3))
    assert from_dict(TrialConfig, to_dict(stopping)) == stopping


def test_identity_leaves_out_place_and_what_has_no_effect() -> None:
    data = ImageFolder(path="somewhere")
    assert "path" in to_dict(data)
    assert "path" not in identity(data)
    assert "dense_width" not in identity(ConvNet(dense_layers=0))
    assert "dense_width" in identity(ConvNet(dense_layers=1))


FROM_DICT: list[tuple[type[Config], dict[str, Any], str]] = [
    (Component, {"kind": "convnett"}, "kind: unknown kind 'convnett'; did you mean convnet?"),
    (Model, {"kind": "adam"}, "kind: 'adam' is no Model; give the kind of one"),
    (
        Model,
        {"kind": "convnet", "filters": "x"},
        "ConvNet.filters: must be a whole number, got 'x'; write a whole number, such as 3",
    ),
    (TrialConfig, {"data": {"kind": "digits"}}, "TrialConfig.model: TrialConfig needs this field; give it a value"),
]


@pytest.mark.parametrize(("kind", "data", "line"), FROM_DICT)
def test_data_that_makes_no_config_is_told(kind: type[Config], data: dict[str, Any], line: str) -> None:
    with pytest.raises(SpaceError) as told:
        from_dict(kind, data)
    assert str(told.value) == line


def test_rules_are_asked_without_holes() -> None:
    seen = []

    class Watched(Config):
        a: int = 0
        b: int = 0

        def rules(self) -> Iterator[tuple[str, str]]:
            seen.append((self.a, self.b))
            yield from ()

    Watched(a=choice(1, 2, 3), b=choice(4, 5))
    assert set(seen) == {(1, 4), (2, 4), (3, 4), (1, 5), (2, 5), (3, 5)}  # each alone, and every pair


def test_wide_templates_are_checked_in_time() -> None:
    """The number of pairs tried has a limit: 20 ms for an ordinary template, and a wide one does not hang."""

    class Wide(Config):
        a: int = 0
        b: int = 0
        c: int = 0

    began = process_time()
    Wide(a=choice(*range(300)), b=choice(*range(300)), c=choice(*range(300)))
    check_time(process_time() - began, 2)


GARBAGE = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(
            [Adam(), Adam, b"x", {}, {1}, object(), 10**400, -(2**64), 3 + 1j, Shape(sizes=(choice(1, 2),))]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
        st.lists(inner, max_size=4).map(lambda options: choice(*options)),
        st.tuples(inner, inner, inner).map(lambda values: integer(values[0], values[1], step=values[2])),
        st.tuples(inner, inner, inner).map(lambda values: uniform(values[0], values[1], step=values[2])),
        st.tuples(inner, inner).map(lambda values: log_uniform(*values)),
        st.tuples(inner, st.integers(-2, 3), inner).map(lambda values: repeat(*values)),
    ),
    max_leaves=8,
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from([Shape, ConvNet, TrialConfig]), st.data())
def test_whatever_is_given_it_is_a_config_or_told_mistakes(kind: type[Config], data: st.DataObject) -> None:
    values = {name: data.draw(GARBAGE) for name in list(kind.model_fields)[:7] if data.draw(st.booleans())}
    try:
        config = kind(**values)
    except SpaceError:
        return
    params = RandomTrial(random.Random(0))
    try:
        drawn = sample(config, params)
    except SpaceError:
        return
    assert encode(config, drawn) == params.params
    assert sample(config, params) == drawn


def test_components_inside_plain_configs_come_back() -> None:
    head = Head(dense=(Dense(width=8),))
    model = StagedNet(stages=(Stage(pool=MaxPool(size=3)), Stage(pool=AveragePool())), head=head)
    phases = (Phase(begins=0.5, optimizer=SGD(), schedule=Cosine()),)
    config = TrialConfig(data=Digits(), model=model, phases=phases)
    again = from_dict(TrialConfig, json.loads(json.dumps(to_dict(config))))
    assert again == config
    assert isinstance(again.model.stages[0].pool, MaxPool)


NORMED = ConvNet(conv_layers=1, batch_norm=True)
NEEDS_TWO = "must be 2 or more with batch norm, which compares images of a batch, got 1; raise it"


@pytest.mark.parametrize(
    "model",
    [
        NORMED,
        MLP(layers=(Dense(width=4), Dense(width=4, batch_norm="after"))),
        StagedNet(stages=(Stage(filters=4, batch_norm="before"),)),
        StagedNet(stages=(Stage(filters=4),), head=Head(dense=(Dense(batch_norm="before"),))),
        ConvNet(conv_layers=1, batch_norm=choice(False, True)),
        MLP(layers=repeat(Dense(width=4, batch_norm=choice("none", "after")), 1, 3)),
        choice(ConvNet(), MLP(layers=(Dense(batch_norm="after"),))),
    ],
)
@pytest.mark.parametrize("batch_size", [1, choice(1, 32), integer(1, 4)])
def test_batch_norm_needs_several_images_whatever_fills_the_holes(model: Any, batch_size: Any) -> None:
    with pytest.raises(SpaceError) as caught:
        TrialConfig(data=Digits(), model=model, batch_size=batch_size)
    assert [str(mistake) for mistake in caught.value.mistakes] == [f"TrialConfig.batch_size: {NEEDS_TWO}"]


@pytest.mark.parametrize(
    ("model", "batch_size"),
    [(ConvNet(), 1), (MLP(), choice(1, 2)), (StagedNet(stages=(Stage(),)), 1), (NORMED, 2), (VGG19(), 1)],
)
def test_without_batch_norm_one_image_will_do(model: Model, batch_size: Any) -> None:
    TrialConfig(data=Digits(), model=model, batch_size=batch_size)
