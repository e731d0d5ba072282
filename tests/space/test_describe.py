import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from nas import (
    SGD,
    VGG19,
    Adam,
    Augmentation,
    Backbone,
    Config,
    ConvNet,
    Digits,
    EarlyStopping,
    Frozen,
    ImageFolder,
    SearchSpace,
    TrialConfig,
    choice,
    integer,
    log_uniform,
    max_flops,
    max_params,
    maximize,
    minimize,
    repeat,
)
from nas.space.algebra import config_hash
from nas.space.config import identity
from nas.space.describe import HoleRow, describe, difference, fingerprint
from tests.space.templates import Leaf, Node, Top, templates

TEMPLATE = TrialConfig(
    data=Digits(),
    model=choice(ConvNet(filters=choice(32, 64), conv_layers=integer(1, 8)), VGG19()),
    optimizer=Adam(lr=log_uniform(1e-4, 0.1)),
    early_stopping=choice(None, EarlyStopping(patience=integer(2, 6, step=2))),
)
SPACE = SearchSpace("s", TEMPLATE, (maximize("val_accuracy"), minimize("params")), (max_params(1000),))


def test_the_rows_of_the_table() -> None:
    assert describe(TEMPLATE) == [
        HoleRow("model", "choice convnet, vgg19", 2),
        HoleRow("model.convnet.conv_layers", "integer 1 to 8", 8),
        HoleRow("model.convnet.filters", "choice 32, 64", 2),
        HoleRow("optimizer.adam.lr", "0.0001 to 0.1 log", None),
        HoleRow("early_stopping", "choice None, earlystopping", 2),
        HoleRow("early_stopping.earlystopping.patience", "integer 2 to 6 step 2", 3),
    ]


def test_the_items_of_a_repeat_share_a_row() -> None:
    template = Top(part=Node(inners=repeat(Leaf(width=choice(1, 2)), 1, 100)))
    assert describe(template) == [
        HoleRow("part.node.inners.length", "1 to 100 items", 100),
        HoleRow("part.node.inners.*.leaf.width", "choice 1, 2", 2),
    ]


PARTS = {"template.phases"}
"""Tuples show their items, and this one has none."""
LATER = TrialConfig.later_fields


def test_a_fingerprint_is_flat_text_of_everything_scientific() -> None:
    found = fingerprint(SPACE, "abc")
    assert json.loads(json.dumps(found)) == found
    expected = {
        "template": "TrialConfig",
        "template.data": "digits",
        "template.data.digits.val_share": "0.15",
        "template.model": "choice convnet, vgg19",
        "template.model.convnet.filters": "choice 32, 64",
        "template.model.convnet.padding": "same",
        "template.model.vgg19.upscale_to": "None",
        "template.optimizer.adam.lr": "0.0001 to 0.1 log",
        "template.epochs": "10",
        "template.seed": "0",
        "objectives.0": "maximize val_accuracy",
        "objectives.1": "minimize params",
        "constraints.params <= 1,000": "kept",
        "data": "abc",
    }
    assert {path: found.get(path) for path in expected} == expected
    fields = {f"template.{name}" for name in TrialConfig.model_fields if name not in LATER}
    assert all(any(path == field or path.startswith(f"{field}.") for path in found) for field in fields - PARTS)


def test_later_fields_are_named_only_where_they_say_something() -> None:
    backbone = Backbone("resnet18", unfreeze=Frozen())
    base = TrialConfig(data=Digits(), model=backbone, augmentation=Augmentation(flip="horizontal"))
    assert LATER.isdisjoint(identity(base))
    assert not any("cached_passes" in path for path in fingerprint(SearchSpace("s", base), ""))
    kept = base.replace(cached_passes=4)
    assert identity(kept) == {**identity(base), "cached_passes": 4}
    assert config_hash(kept) != config_hash(base)
    assert fingerprint(SearchSpace("s", kept), "")["template.cached_passes"] == "4"
    searched = SearchSpace("s", base.replace(cached_passes=choice(0, 4)))
    assert fingerprint(searched, "")["template.cached_passes"] == "choice 0, 4"


def changed(**changes: Any) -> SearchSpace:
    given: dict[str, Any] = {
        "name": "s",
        "template": TEMPLATE,
        "objectives": SPACE.objectives,
        "constraints": SPACE.constraints,
    }
    return SearchSpace(**{**given, **changes})


SMALL = TrialConfig(data=Digits(), model=VGG19(), optimizer=Adam(lr=0.01))
MODEL = choice(ConvNet(filters=choice(32, 64, 128), conv_layers=integer(1, 8)), VGG19())
CHANGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "baselines": ({"baselines": {"a": SMALL}, "published": {"a": {"params": 1}}}, []),
    "references": ({"references": {"a": SMALL}}, []),
    "name": ({"name": "t"}, []),
    "an option more": (
        {"template": TEMPLATE.replace(model=MODEL)},
        ["template.model.convnet.filters: choice 32, 64 -> choice 32, 64, 128"],
    ),
    "another order": (
        {"template": TEMPLATE.replace(early_stopping=choice(EarlyStopping(patience=integer(2, 6, step=2)), None))},
        ["template.early_stopping: choice None, earlystopping -> choice earlystopping, None"],
    ),
    "epochs": ({"template": TEMPLATE.replace(epochs=9)}, ["template.epochs: 10 -> 9"]),
    "a component": (
        {"template": TEMPLATE.replace(optimizer=SGD())},
        [
            "template.optimizer: adam -> sgd",
            "template.optimizer.adam.lr: 0.0001 to 0.1 log -> absent",
            "template.optimizer.adam.weight_decay: 0.0 -> absent",
            "template.optimizer.adam.beta1: 0.9 -> absent",
            "template.optimizer.adam.beta2: 0.999 -> absent",
            "template.optimizer.adam.eps: 1e-08 -> absent",
            "template.optimizer.sgd.lr: absent -> 0.1",
            "template.optimizer.sgd.weight_decay: absent -> 0.0",
            "template.optimizer.sgd.momentum: absent -> 0.9",
            "template.optimizer.sgd.nesterov: absent -> False",
        ],
    ),
    "an objective": (
        {"objectives": (maximize("val_accuracy"), minimize("flops"))},
        ["objectives.1: minimize params -> minimize flops"],
    ),
    "a constraint more": (
        {"constraints": (max_params(1000), max_flops(5))},
        ["constraints.flops <= 5: absent -> kept"],
    ),
}


@pytest.mark.parametrize(("changes", "lines"), CHANGES.values(), ids=CHANGES)
def test_difference(changes: dict[str, Any], lines: list[str]) -> None:
    assert difference(fingerprint(SPACE, "a"), fingerprint(changed(**changes), "a")) == lines


def test_other_data_differs_and_another_place_does_not() -> None:
    assert difference(fingerprint(SPACE, "a"), fingerprint(SPACE, "b")) == ["data: a -> b"]
    here, there = (
        changed(template=TEMPLATE.replace(data=ImageFolder(path=path))) for path in ("/one/place", "/another")
    )
    assert fingerprint(here, "a") == fingerprint(there, "a")


def climb(config: Config, budget: int) -> Iterator[dict[str, float]]:
    yield {"score": 1.0}


def test_an_objective_of_its_own_and_its_budget_count() -> None:
    own = SearchSpace("own", Top(part=Leaf(), rate=choice(0.0, 1.0)), objective=climb, epochs=7)
    found = fingerprint(own, "")
    assert (found["objective"], found["epochs"], found["template.part.leaf.width"]) == ("climb", "7", "1")


@given(templates(), templates())
def test_equal_templates_and_only_they_have_equal_fingerprints(left: Top, right: Top) -> None:
    def text(template: Top) -> dict[str, str]:
        return fingerprint(SearchSpace("s", template, objective=climb), "")

    assert (text(left) == text(right)) == (repr(left) == repr(right))
    assert text(left.replace()) == text(left)
