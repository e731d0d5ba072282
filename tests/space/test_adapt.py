from pathlib import Path

import pytest

from nas import (
    MLP,
    Adam,
    Augmentation,
    Backbone,
    Cifar10,
    Config,
    ConvNet,
    Diabetes,
    Digits,
    ImageFolder,
    SearchSpace,
    SpaceError,
    Table,
    TrialConfig,
    choice,
    maximize,
    minimize,
)
from nas.space.adapt import Changes, adapted, located
from nas.space.algebra import encode

TEMPLATE = TrialConfig(
    data=Digits(channels=3), model=ConvNet(filters=choice(8, 16)), epochs=2, seed=1
)  # filters is the only hole
SMALL = TEMPLATE.replace(model=ConvNet(filters=8))
OUTSIDE = TrialConfig(data=Digits(image_size=32), model=ConvNet(filters=99), epochs=2)


def space(**changes):
    given = {
        "name": "tiny",
        "template": TEMPLATE,
        "baselines": {"small": SMALL},
        "references": {"outside": OUTSIDE},
        **changes,
    }
    return SearchSpace(**given)


def test_without_changes_the_space_is_the_same():
    assert adapted(space(), Changes()) == space()


def test_epochs_and_seed_go_into_template_baselines_and_references():
    changed = adapted(space(), Changes(epochs=7, seed=3))
    for config in (changed.template, changed.baselines["small"], changed.references["outside"]):
        assert (config.epochs, config.seed) == (7, 3)
    assert changed.epochs is None


def test_a_baseline_stays_inside_the_changed_space():
    changed = adapted(space(), Changes(epochs=7, seed=3, data="cifar10", image_size=16))
    assert encode(changed.template, changed.baselines["small"]) == {"model.convnet.filters": 8}


def test_new_data_keeps_each_config_s_channels_and_nothing_else():
    changed = adapted(space(), Changes(data="cifar10"))
    assert changed.template.data == Cifar10(channels=3)
    assert changed.baselines["small"].data == Cifar10(channels=3)
    assert changed.references["outside"].data == Cifar10()


def test_any_other_text_is_an_image_folder():
    changed = adapted(space(), Changes(data="/pictures", image_size=48))
    assert changed.template.data == ImageFolder(path="/pictures", channels=3, image_size=48)


def test_a_folder_has_its_own_image_size_unless_one_is_given():
    assert adapted(space(), Changes(data="/pictures")).template.data.image_size == 64


def test_image_size_alone_changes_the_data_in_place():
    changed = adapted(space(), Changes(image_size=16))
    assert changed.template.data == Digits(channels=3, image_size=16)
    assert changed.references["outside"].data == Digits(image_size=16)


def test_image_size_reaches_every_option_of_a_choice_of_data():
    template = TEMPLATE.replace(data=choice(Digits(), Cifar10()))
    changed = adapted(space(template=template, baselines={}), Changes(image_size=16))
    assert [option.image_size for option in changed.template.data.options] == [16, 16]


def test_new_data_takes_the_place_of_a_choice_of_data():
    template = TEMPLATE.replace(data=choice(Digits(channels=1), Cifar10(channels=1)))
    baseline = SMALL.replace(data=Digits(channels=1))
    changed = adapted(space(template=template, baselines={"small": baseline}), Changes(data="mnist"))
    assert changed.baselines["small"].data == changed.template.data
    assert changed.template.data.channels is None


def test_a_hole_in_channels_stays_a_hole():
    template = TEMPLATE.replace(data=Digits(channels=choice(1, 3)))
    changed = adapted(space(template=template), Changes(data="mnist"))
    assert changed.template.data.channels == template.data.channels
    assert changed.baselines["small"].data.channels == 3


def test_the_name_is_the_study_s():
    assert adapted(space(), Changes(name="other")).name == "other"


def test_a_wrong_name_is_refused():
    with pytest.raises(SpaceError, match=r"^name: "):
        adapted(space(), Changes(name="a/b"))


class Point(Config):
    x: float = 0.0


def parabola(config, budget):
    for _ in range(budget):
        yield {"y": config.x**2}


def plain(**changes):
    given = {"template": Point(x=choice(0.0, 1.0)), "objective": parabola, "epochs": 3, **changes}
    return SearchSpace("plain", objectives=(minimize("y"),), **given)


def test_epochs_are_the_budget_of_a_plain_objective():
    changed = adapted(plain(), Changes(epochs=9))
    assert changed.epochs == 9
    assert changed.epochs_of(changed.template) == 9


def test_what_has_no_place_in_a_plain_template_is_told_together():
    with pytest.raises(SpaceError) as error:
        adapted(plain(), Changes(seed=1, data="digits", image_size=8))
    assert str(error.value).splitlines() == [
        "--seed: the template of plain is a Point, which has no field seed; leave it out",
        "--data: the template of plain is a Point, which has no field data; leave it out",
        "--image-size: the template of plain is a Point, which has no field data; leave it out",
    ]


def test_a_plain_objective_s_own_field_epochs_is_set_too():
    class Long(Config):
        epochs: int = 1
        x: float = 0.0

    changed = adapted(plain(template=Long(x=choice(0.0, 1.0))), Changes(epochs=4))
    assert changed.template.epochs == 4
    assert changed.objectives == (minimize("y"),) != (maximize("y"),)


def tables(**changes):
    template = TrialConfig(data=Diabetes(), model=MLP(), optimizer=Adam(lr=choice(0.1, 0.01)))
    return SearchSpace("rows", template, objectives=(maximize("val_r2"),), **changes)


def test_a_file_with_a_target_is_a_table():
    changed = adapted(tables(), Changes(data="/here/houses.csv", target="price"))
    assert changed.template.data == Table(path="/here/houses.csv", target="price")


def test_a_table_by_its_name():
    changed = adapted(tables(), Changes(data="diabetes", limit=20))
    assert changed.template.data == Diabetes(limit=20)


@pytest.mark.parametrize("changes", [Changes(image_size=8), Changes(data="diabetes", image_size=8)])
def test_a_table_has_no_image_size(changes):
    with pytest.raises(SpaceError, match=r"^--image-size: a table has no images; leave it out$"):
        adapted(tables(), changes)


def test_what_is_for_images_only_is_refused_for_a_table():
    turned = SearchSpace(
        "turned",
        TrialConfig(data=Digits(), model=MLP(), augmentation=Augmentation(rotation=choice(0.0, 9.0))),
        objectives=(minimize("val_loss"),),
    )
    with pytest.raises(SpaceError, match="augmentation: is for images, not for a table"):
        adapted(turned, Changes(data="diabetes"))


def test_a_limit_reaches_every_data_and_stays_with_new_data():
    template = TEMPLATE.replace(data=choice(Digits(), Cifar10()))
    changed = adapted(space(template=template, baselines={}), Changes(limit=100))
    assert [option.limit for option in changed.template.data.options] == [100, 100]
    assert changed.references["outside"].data == Digits(image_size=32, limit=100)
    assert adapted(space(), Changes(data="mnist", limit=50)).baselines["small"].data.limit == 50


def backbones(**changes):
    model = choice(Backbone("mobilenet_v2", weights="imagenet"), ConvNet())
    template = TrialConfig(data=Digits(), model=model)
    given = {
        "baselines": {"mobile": template.replace(model=Backbone("mobilenet_v2", weights="imagenet"))},
        "references": {"own": template.replace(model=Backbone("mobilenet_v2"))},
    }
    return SearchSpace("transfer", **{"template": template, **given, **changes})


@pytest.mark.parametrize(("given", "weights"), [("none", None), ("imagenet", "imagenet"), ("/w/x.pth", "/w/x.pth")])
def test_weights_reach_every_backbone(given, weights):
    changed = adapted(backbones(), Changes(weights=given))
    assert changed.template.model.options[0].weights == weights
    assert changed.template.model.options[1] == ConvNet()
    assert changed.baselines["mobile"].model.weights == weights
    assert changed.references["own"].model.weights == weights


def test_weights_take_the_place_of_a_choice_of_weights():
    both = TrialConfig(data=Digits(), model=Backbone("mobilenet_v2", weights=choice(None, "imagenet"), dropout=0.1))
    changed = adapted(backbones(template=both, baselines={}), Changes(weights="none"))
    assert changed.template.model.weights is None


def test_weights_without_a_backbone_are_refused():
    with pytest.raises(SpaceError, match=r"^--weights: tiny has no backbone to give them to; leave it out$"):
        adapted(space(), Changes(weights="none"))


def test_relative_paths_of_data_begin_at_the_folder_of_the_space_file():
    data = choice(ImageFolder(path="pictures"), ImageFolder(path="/there", image_size=32), Digits())
    named = {"small": SMALL.replace(data=ImageFolder(path="~/pictures"))}
    found = located(space(template=TEMPLATE.replace(data=data), baselines={}, references=named), Path("/spaces"))
    assert [getattr(each, "path", None) for each in found.template.data.options] == ["/spaces/pictures", "/there", None]
    assert found.references["small"].data.path == "~/pictures"
    assert located(space(), Path("/spaces")) == space()
