import json
from pathlib import Path

import pytest

from nas import (
    MLP,
    Adam,
    Backbone,
    Config,
    ConvNet,
    Dense,
    Digits,
    Model,
    Phase,
    SearchSpace,
    TrialConfig,
    choice,
    max_params,
    minimize,
    repeat,
)
from nas.cli.smoke import MOST_FLOPS, smoke
from nas.models import pretrained
from nas.records import DataPlace
from nas.space.algebra import encode

PLACE = DataPlace(Path("none"), Path("none"))
BIG, SMALLER, SMALLEST = (
    TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, filters=filters, dense_layers=0), epochs=9)
    for filters in (16, 8, 4)
)
HUGE = BIG.replace(model=ConvNet(conv_layers=8, filters=2048))


def space(**changes):
    given = {
        "template": BIG.replace(model=choice(*(c.model for c in (BIG, SMALLER, SMALLEST, HUGE)), labels=tuple("abcd"))),
        "baselines": {"huge": HUGE, "big": BIG, "smaller": SMALLER, "smallest": SMALLEST},
        "references": {"far": BIG.replace(model=MLP()), "near": BIG.replace(model=MLP(layers=(Dense(width=4),)))},
        **changes,
    }
    return SearchSpace("whole", **given)


def test_the_first_the_cheapest_two_and_the_cheapest_reference_stay():
    small = smoke(space(published={"big": {"accuracy": 1.0}, "huge": {"accuracy": 2.0}}), PLACE)
    assert list(small.space.baselines) == ["big", "smaller", "smallest"]
    assert list(small.space.references) == ["near"]
    assert small.space.published == {"big": {"accuracy": 1.0}}
    assert (small.space.name, small.trials) == ("whole-smoke", 4)
    assert small.lines == (
        "smoke: 1 epoch, 120 images, batches of 32 at most; 3 of 4 baselines, 1 of 2 references, 1 draw",
    )


def test_trainings_are_cut_short_everywhere_and_phases_stay():
    phases = (Phase(begins=0.5, optimizer=Adam(lr=1e-5)),)
    few = {"phases": phases, "replicates": 3, "batch_size": 16, "images_per_epoch": 50, "data": Digits(limit=40)}
    many = {"phases": phases, "replicates": 3, "images_per_epoch": 5000}
    for values, expected in ((few, (16, 50, 40)), (many, (32, 120, 120))):
        configs = [config.replace(**values) for config in (BIG, BIG.replace(model=MLP()))]
        template = configs[0].replace(optimizer=choice(Adam(lr=0.1), Adam(lr=0.01), labels=("a", "b")))
        baseline = configs[0].replace(optimizer=Adam(lr=0.1))
        whole = space(template=template, baselines={"one": baseline}, references={"mlp": configs[1]})
        small = smoke(whole, PLACE).space
        for config in (small.template, small.baselines["one"], small.references["mlp"]):
            assert (config.epochs, config.replicates, config.phases) == (1, 1, phases)
            assert (config.batch_size, config.images_per_epoch, config.data.limit) == expected


def test_holes_that_allow_too_much_are_fixed_alike_in_template_and_baselines():
    template = BIG.replace(batch_size=choice(16, 64, 128), images_per_epoch=choice(None, 1000))
    named = {str(size): BIG.replace(batch_size=size, images_per_epoch=None) for size in (16, 128)}
    small = smoke(space(template=template, baselines=named, references={}), PLACE).space
    assert (small.template.batch_size, small.template.images_per_epoch) == (32, 120)
    assert list(small.baselines) == ["16"]  # both are the same now
    assert encode(small.template, small.baselines["16"]) == {}


def test_holes_that_stay_within_are_kept():
    template = BIG.replace(batch_size=choice(8, 16))
    named = {"sixteen": BIG.replace(batch_size=16)}
    small = smoke(space(template=template, baselines=named), PLACE).space
    assert encode(small.template, small.baselines["sixteen"]) == {"batch_size": 16}


def test_draws_are_limited_beside_the_spaces_own_constraints():
    own = max_params(10**9)
    limits = smoke(space(constraints=(own,)), PLACE).space.constraints
    assert [limit.name for limit in limits] == [own.name, f"flops <= {MOST_FLOPS:,}"]


def test_where_all_are_expensive_the_cheapest_stays_and_draws_may_cost_as_much():
    template = HUGE.replace(model=HUGE.model.replace(filters=choice(2048, 4096)))
    named = {str(filters): HUGE.replace(model=HUGE.model.replace(filters=filters)) for filters in (4096, 2048)}
    small = smoke(space(template=template, baselines=named, references={}), PLACE).space
    assert list(small.baselines) == ["2048"]
    assert int(small.constraints[-1].name.split()[-1].replace(",", "")) > MOST_FLOPS


def test_what_does_not_fit_the_images_is_left_out_and_what_breaks_is_not():
    class Broken(Model, kind="broken_in_smoke"):
        def build(self, shape, classes):
            raise ZeroDivisionError

    tall = BIG.replace(model=ConvNet(conv_layers=1, kernel_size=9, padding="valid"))
    broken = BIG.replace(model=Broken())
    small = smoke(space(references={"tall": tall, "near": BIG.replace(model=MLP())}), PLACE).space
    assert list(small.references) == ["near"]
    assert list(
        smoke(space(references={"near": BIG.replace(model=MLP()), "broken": broken}), PLACE).space.references
    ) == ["broken"]


def transfer(**changes):
    nets = [Backbone(name, weights="imagenet") for name in ("mobilenet_v2", "mobilenet_v2")]
    template = BIG.replace(data=Digits(image_size=32), model=nets[0], batch_size=choice(8, 16))
    return SearchSpace(
        "transfer", **{"template": template, "baselines": {"a": template.replace(batch_size=8)}, **changes}
    )


@pytest.mark.parametrize("present", [True, False])
def test_absent_weights_become_random_ones_and_that_is_said(monkeypatch, present):
    monkeypatch.setattr(pretrained, "weights_present", lambda model, place: present)
    small = smoke(transfer(), PLACE)
    for config in (small.space.template, small.space.baselines["a"]):
        assert config.model.weights == ("imagenet" if present else None)
    assert small.lines[1:] == (
        () if present else ("smoke: random weights for mobilenet_v2, whose own are not on this machine",)
    )


def test_a_choice_of_weights_collapses_and_its_balance_with_it(monkeypatch):
    monkeypatch.setattr(pretrained, "weights_present", lambda model, place: model.weights is None)
    model = Backbone("mobilenet_v2", weights=choice(None, "imagenet"))
    template = transfer().template.replace(model=model)
    whole = transfer(template=template, baselines={}, balanced="model.backbone.weights")
    small = smoke(whole, PLACE).space
    assert small.template.model.weights is None
    assert small.balanced is None
    assert smoke(transfer(balanced="batch_size"), PLACE).space.balanced == "batch_size"


class Point(Config):
    x: float = 0.0


def parabola(config, budget):
    yield {"y": config.x}


def test_a_plain_objective_has_a_budget_of_one_and_no_flops():
    whole = SearchSpace(
        "plain", Point(x=choice(0.0, 1.0, 2.0)), objectives=(minimize("y"),), objective=parabola, epochs=30,
        baselines={"a": Point(x=0.0), "b": Point(x=1.0), "c": Point(x=2.0)},
    )  # fmt: skip
    small = smoke(whole, PLACE)
    assert (small.space.epochs, small.space.constraints, list(small.space.baselines)) == (1, (), ["a", "b"])


def test_repeats_survive():
    template = BIG.replace(model=MLP(layers=repeat(Dense(width=choice(4, 8)), 0 + 1, 2)))
    small = smoke(space(template=template, baselines={}, references={}), PLACE)
    assert small.space.template.model == template.model
    assert small.trials == 1


def test_a_smoke_search_trains_the_little_that_stays(run):
    result = run("search", "tiny.py", "--smoke", "--tracking-uri", "none", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["study"], found["counts"]["complete"], found["references"]["complete"]) == ("tiny-smoke", 2, 1)
    assert result.stderr.splitlines()[0] == (
        "nas: smoke: 1 epoch, 120 images, batches of 32 at most; 1 of 1 baselines, 1 of 1 references, 1 draw"
    )
    assert {row["config"]["data"]["limit"] for row in found["leaderboard"]} == {120}


def test_it_is_always_a_new_study_and_leaves_the_real_one(run):
    for expected in ("other-smoke", "other-smoke-2"):
        result = run("search", "parabola.py", "--smoke", "--name", "other", "--quiet", "--tracking-uri", "none")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines()[0] == f"{expected}: 2 trials (2 complete)"
    studies = json.loads(run("list", "--json").stdout)
    assert sorted(study["study"] for study in studies) == ["other-smoke", "other-smoke-2"]


def test_show_says_what_a_smoke_run_would_be(run):
    result = run("show", "tiny.py", "--smoke", "--no-time", "--json")
    found = json.loads(result.stdout)
    assert (found["name"], found["epochs"]) == ("tiny-smoke", 1)
    assert result.stderr.startswith("nas: smoke: 1 epoch, 120 images")
