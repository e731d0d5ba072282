from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from nas import (
    MLP,
    VGG19,
    Config,
    Constant,
    ConvNet,
    Cost,
    Diabetes,
    Digits,
    EarlyStopping,
    Model,
    Objective,
    Phase,
    ReduceOnPlateau,
    SearchSpace,
    SpaceError,
    TrialConfig,
    choice,
    constraint,
    max_flops,
    max_params,
    maximize,
    minimize,
    uniform,
)
from nas.space.mistakes import gathering

TEMPLATE = TrialConfig(data=Digits(), model=ConvNet(filters=choice(32, 64), dropout=choice(0.0, 0.2)))
SMALL = TrialConfig(data=Digits(), model=ConvNet(filters=32))
LARGE = TrialConfig(data=Digits(), model=VGG19())
TABLE = TrialConfig(data=Diabetes(), model=MLP(input_dropout=choice(0.0, 0.1)))


class Toy(Config):
    x: float = 0.0
    epochs: int = 3


class Bare(Config):
    x: float = 0.0


def climb(config: Config, budget: int) -> Iterator[dict[str, float]]:
    yield {"score": 1.0}


# what is wrong -> changes to a good space, and the lines
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no name": ({"name": " "}, ["name: must be a text that names the study, got ' '; give it one"]),
    "number for a name": ({"name": 3}, ["name: must be a text that names the study, got 3; give it one"]),
    "slash": (
        {"name": "a/b"},
        [
            "name: 'a/b' cannot name a study; no slashes, no control characters, no space at its ends, "
            "no dot or dash first"
        ],
    ),
    "way up": (
        {"name": ".."},
        [
            "name: '..' cannot name a study; no slashes, no control characters, no space at its ends, "
            "no dot or dash first"
        ],
    ),
    "control character": (
        {"name": "a\nb"},
        [
            r"name: 'a\nb' cannot name a study; "
            "no slashes, no control characters, no space at its ends, no dot or dash first"
        ],
    ),
    "too long": (
        {"name": "x" * 251},
        [
            f"name: a study's name may have 250 characters, got 251: '{'x' * 40}'; write a shorter one",
        ],
    ),
    "kept name": (
        {"name": "a.references"},
        ["name: 'a.references' ends in '.references', which nas keeps for itself; use another name"],
    ),
    "no template": ({"template": 3}, ["template: must be a config such as TrialConfig(...), got 3; write one"]),
    "nothing to train": (
        {"template": Bare(x=choice(0.0, 1.0)), "baselines": {}, "references": {}},
        ["template: a Bare cannot be trained; use TrialConfig(...), or give the space an objective"],
    ),
    "hole in epochs": (
        {"template": TEMPLATE.replace(epochs=choice(1, 2)), "baselines": {}},
        ["template.epochs: takes no hole: all trials of a study share it; give it a value"],
    ),
    "hole in seed": (
        {"template": TEMPLATE.replace(seed=choice(1, 2)), "baselines": {}},
        ["template.seed: takes no hole: all trials of a study share it; give it a value"],
    ),
    "hole in replicates": (
        {"template": TEMPLATE.replace(replicates=choice(1, 2)), "baselines": {}},
        ["template.replicates: takes no hole: all trials of a study share it; give it a value"],
    ),
    "misspelt sampler": (
        {"sampler": "ablaton"},
        ["sampler: unknown sampler 'ablaton'; did you mean ablation?"],
    ),
    "balanced by what is no hole": (
        {"balanced": "model.convnet.filter"},
        ["balanced: must be the path of a choice, got 'model.convnet.filter'; did you mean model.convnet.filters?"],
    ),
    "balanced without a choice": (
        {"template": TEMPLATE.replace(model=ConvNet(dropout=uniform(0.0, 0.5))), "balanced": "model", "baselines": {}},
        ["balanced: must be the path of a choice, got 'model'; the template has none; leave it out"],
    ),
    "accuracy of a table": (
        {"template": TABLE, "baselines": {}, "references": {}, "objectives": (maximize("val_accuracy"),)},
        ['objectives.0: a table has no val_accuracy; use maximize("val_r2")'],
    ),
    "accuracy of a table by default": (
        {"template": TABLE, "baselines": {}, "references": {}},
        ['objectives.0: a table has no val_accuracy; use maximize("val_r2")'],
    ),
    "R2 of images": (
        {"objectives": (maximize("val_r2"),)},
        ['objectives.0: images have no val_r2; use maximize("val_accuracy")'],
    ),
    "nothing to aim at on a table": (
        {"template": TABLE, "baselines": {}, "references": {}, "objectives": ()},
        ['objectives: is empty; give at least one, such as maximize("val_r2")'],
    ),
    "watching accuracy on a table": (
        {
            "template": TABLE.replace(
                schedule=choice(Constant(), ReduceOnPlateau()), phases=(Phase(begins=0.5, schedule=ReduceOnPlateau()),)
            ),
            "objectives": (maximize("val_r2"),),
            "baselines": {},
            "references": {},
        },
        [
            'template.schedule.reduce_on_plateau.metric: a table has no val_accuracy; use "val_r2"',
            'template.phases.0.schedule.reduce_on_plateau.metric: a table has no val_accuracy; use "val_r2"',
        ],
    ),
    "watching R2 on images": (
        {"references": {"large": LARGE.replace(early_stopping=EarlyStopping(metric="val_r2"))}},
        ['references.large.early_stopping.metric: images have no val_r2; use "val_accuracy"'],
    ),
    "images and a table": (
        {"template": TABLE.replace(data=choice(Digits(), Diabetes())), "baselines": {}, "references": {}},
        ["template.data: offers images and tables, whose figures cannot be compared; make two spaces"],
    ),
    "a table beside images": (
        {"references": {"large": TABLE.replace(model=MLP())}},
        ["references.large.data: is of another task than the template's; leave it out"],
    ),
    "epochs beside the template's": (
        {"epochs": 3},
        ["epochs: is for spaces with an objective of their own; set template.epochs instead"],
    ),
    "zero epochs": (
        {"template": Bare(x=choice(0.0, 1.0)), "objective": climb, "epochs": 0, "baselines": {}},
        ["epochs: must be a whole number above 0, got 0; write one"],
    ),
    "no function": ({"objective": 3}, ["objective: must be a function of config and epochs, got 3; name a function"]),
    "no objectives": (
        {"objectives": ()},
        ['objectives: is empty; give at least one, such as maximize("val_accuracy")'],
    ),
    "objective without comma": (
        {"objectives": maximize("params")},
        [
            "objectives: must be a tuple, got Objective(metric='params', direction='maximize'); "
            'write (maximize("val_accuracy"),)'
        ],
    ),
    "text for an objective": (
        {"objectives": ("params",)},
        ["objectives.0: must be maximize(...) or minimize(...), got 'params'; write maximize(\"val_accuracy\")"],
    ),
    "number for a metric": (
        {"objectives": (Objective(3, "maximize"),)},  # type: ignore[arg-type]
        [
            "objectives.0: must be maximize(...) or minimize(...), got Objective(metric=3, direction='maximize'); "
            'write maximize("val_accuracy")'
        ],
    ),
    "misspelt metric": (
        {"objectives": (maximize("val_acuracy"), minimize("parms"))},
        [
            "objectives.0: unknown metric 'val_acuracy'; did you mean val_accuracy?",
            "objectives.1: unknown metric 'parms'; did you mean params?",
        ],
    ),
    "test metric": (
        {"objectives": (maximize("test_accuracy"),)},
        ["objectives.0: unknown metric 'test_accuracy'; test figures never steer a search; use the val_ metric"],
    ),
    "one metric twice": (
        {"objectives": (maximize("params"), minimize("params"))},
        ["objectives.1: 'params' stands there twice; remove one"],
    ),
    "text for a constraint": (
        {"constraints": ("params < 3",)},
        ["constraints.0: must be a constraint, got 'params < 3'; use max_params, max_flops or constraint"],
    ),
    "one constraint twice": (
        {"constraints": (max_params(3), max_params(3))},
        ["constraints.1: 'params <= 3' stands there twice; remove one"],
    ),
    "list of baselines": (
        {"baselines": [SMALL]},
        [f"baselines: must be a dict of names, got {repr([SMALL])[:77]}...; write {{name: ...}}"],
    ),
    "number for a baseline's name": (
        {"baselines": {3: SMALL}},
        ['baselines: names must be texts of at most 250 characters, got 3; write "name": ...'],
    ),
    "text for a baseline": (
        {"baselines": {"a": "b"}},
        ["baselines.a: must be a config, got 'b'; write TrialConfig(...) or template.replace(...)"],
    ),
    "baseline outside": (
        {"baselines": {"a": SMALL, "b": SMALL.replace(model=ConvNet(filters=48, dropout=0.1), epochs=3)}},
        [
            "baselines.b.model.convnet.filters: 48 is outside the space; the template has choice 32, 64",
            "baselines.b.model.convnet.dropout: 0.1 is outside the space; the template has choice 0.0, 0.2",
            "baselines.b.epochs: 3 is outside the space; the template has 10",
        ],
    ),
    "another model": (
        {"baselines": {"a": LARGE}},
        ["baselines.a.model: VGG19 is outside the space; the template has ConvNet"],
    ),
    "baseline with a hole": (
        {"baselines": {"a": TEMPLATE}},
        [
            "baselines.a.model.convnet.filters: takes no hole: a named config is whole; give it a value",
            "baselines.a.model.convnet.dropout: takes no hole: a named config is whole; give it a value",
        ],
    ),
    "reference with a hole": (
        {"references": {"a": TEMPLATE.replace(model=ConvNet(filters=choice(1, 2)))}},
        ["references.a.model.convnet.filters: takes no hole: a named config is whole; give it a value"],
    ),
    "one name twice": (
        {"references": {"small": LARGE}},
        ["references.small: a baseline bears this name too; use another name"],
    ),
    "published of nobody": (
        {"published": {"smal": {"params": 3}}},
        ["published.smal: belongs to no baseline or reference; did you mean small?"],
    ),
    "published number": (
        {"published": {"small": 3}},
        ["published.small: must be a dict of figures, got 3; write {metric: ...}"],
    ),
    "several": (
        {"name": "", "constraints": (3,), "objectives": (maximize("x"), maximize("params"))},
        [
            "name: must be a text that names the study, got ''; give it one",
            "objectives.0: unknown metric 'x'; known are val_accuracy, val_loss, train_accuracy, train_loss, "
            "accuracy_per_million_params, params, trainable_params, flops, activation_bytes, seconds",
            "constraints.0: must be a constraint, got 3; use max_params, max_flops or constraint",
        ],
    ),
}


def space(**changes: Any) -> SearchSpace:
    given: dict[str, Any] = {
        "name": "study",
        "template": TEMPLATE,
        "baselines": {"small": SMALL},
        "references": {"large": LARGE},
        "published": {"large": {"params": 24e6}},
        "constraints": (max_params(10), max_flops(3)),
    }
    return SearchSpace(**{**given, **({"published": {}} if "references" in changes else {}), **changes})


def test_a_good_space() -> None:
    good = space()
    assert good.epochs_of(SMALL) == 10
    assert replace(good, name="other").name == "other"
    assert len(space(constraints=[], objectives=[maximize("flops")]).objectives) == 1


@pytest.mark.parametrize(("changes", "lines"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_by_its_path(changes: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(SpaceError) as told:
        space(**changes)
    assert str(told.value).splitlines() == lines


def test_mistakes_put_off_are_found_again_by_their_path() -> None:
    with gathering():
        broken = ConvNet(kernel_size=4)
        template = TEMPLATE.replace(model=choice(broken, VGG19(head_width=0), labels=("a", "b")))
        with pytest.raises(SpaceError) as told:
            space(template=template, baselines={"x": SMALL.replace(model=broken)}, references={}, published={})
    even = 'must be odd with padding="same", got 4; change one of them'
    assert str(told.value).splitlines() == [
        f"template.model.a.kernel_size: {even}",
        "template.model.b.head_width: must be greater than or equal to 1, got 0; raise it",
        f"baselines.x.model.convnet.kernel_size: {even}",
    ]


def test_spaces_with_an_objective_of_their_own() -> None:
    toy = SearchSpace("toy", Toy(x=choice(0.0, 1.0)), (maximize("score"),), objective=climb)
    assert toy.epochs_of(toy.template) == 3
    bare = SearchSpace("bare", Bare(x=choice(0.0, 1.0)), (maximize("score"),), objective=climb, epochs=7)
    assert bare.epochs_of(bare.template) == 7
    assert replace(bare, epochs=None).epochs_of(bare.template) == 1


def test_a_space_of_tables() -> None:
    aims = (maximize("val_r2"), minimize("val_mse"), minimize("params"))
    stopping = EarlyStopping(metric="val_mae")
    made = SearchSpace("table", TABLE.replace(early_stopping=stopping), aims, balanced="model.mlp.input_dropout")
    assert made.objectives == aims


def test_a_metric_of_ones_own_component_is_its_own_affair() -> None:
    class Near(Model, kind="near"):
        metric: str = "euclidean"

    assert space(template=TEMPLATE.replace(model=Near()), baselines={}).template


def test_constraints_are_positive_where_they_are_broken() -> None:
    cost = Cost(params=12, trainable_params=11, flops=30, activation_bytes=0)
    assert max_params(10).excess(SMALL, cost) == pytest.approx(0.2)
    assert max_params(12).excess(SMALL, cost) == 0
    assert max_flops(60).excess(SMALL, cost) == pytest.approx(-0.5)
    assert max_params(20_000_000).name == "params <= 20,000,000"
    assert constraint("own", lambda config, cost: cost.params - 10).excess(SMALL, cost) == 2


@pytest.mark.parametrize("limit", [0, -1, 1.5, "3", True])
def test_a_limit_is_a_positive_whole_number(limit: Any) -> None:
    with pytest.raises(SpaceError) as told:
        max_params(limit)
    assert str(told.value) == f"max_params: the limit must be a whole number above 0, got {limit!r}; write one"
