"""What is said or fetched before the first trial: pretrained weights, doubtful augmentation, what a network costs."""

from pathlib import Path

import pytest

from nas import (
    Augmentation,
    Backbone,
    ConvNet,
    Digits,
    Mnist,
    Model,
    Phase,
    SearchSpace,
    Top,
    TrialConfig,
    choice,
    repeat,
)
from nas.config import Frozen
from nas.models.weight_files import WeightsError
from nas.records import Cost, DataPlace, Shape
from nas.search import preparation
from nas.search.layout import Layout
from nas.search.preparation import cost_measure
from nas.search.pretraining import augmentation_warnings, backbones, prepare_backbones

PLACE = DataPlace(Path("nowhere"), Path("nowhere"))
BASE = TrialConfig(data=Digits(), model=ConvNet(filters=4))


class Pair(Model, kind="pair_of_models"):
    """Models inside a model."""

    parts: tuple[Model, ...] = ()


def test_every_backbone_that_may_come_by_name_and_weights() -> None:
    named = Backbone("mobilenet_v2", weights=choice(None, "imagenet", "here"), unfreeze=choice(Frozen(), Top(40)))
    assert list(backbones(choice(ConvNet(), named))) == [
        Backbone("mobilenet_v2", weights=weights) for weights in (None, "imagenet", "here")
    ]
    inside = Pair(parts=repeat(Backbone("mobilenet_v2"), 1, 2))
    assert list(backbones(BASE.replace(model=inside))) == [Backbone("mobilenet_v2")]
    assert list(backbones(BASE.replace(model=Pair(parts=(Backbone("mobilenet_v2"), ConvNet()))))) == [
        Backbone("mobilenet_v2")
    ]


def test_absent_weights_are_refused_together_with_what_to_do(tmp_path: Path) -> None:
    missing = [tmp_path / "a.pth", tmp_path / "b.pth"]
    space = SearchSpace(
        "absent",
        BASE.replace(model=choice(ConvNet(filters=4), Backbone("mobilenet_v2", weights=str(missing[0])))),
        references={"b": BASE.replace(model=Backbone("mobilenet_v2", weights=str(missing[1])))},
    )
    with pytest.raises(WeightsError) as caught:
        prepare_backbones(space, PLACE)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"mobilenet_v2: no weights at {missing[0]}; ")
    assert second.startswith(f"mobilenet_v2: no weights at {missing[1]}; ")


def test_without_weights_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "nas.models.pretrained", None)  # to import it would raise
    prepare_backbones(SearchSpace("none", BASE.replace(model=Backbone("mobilenet_v2"))), PLACE)


def test_labels_that_may_not_survive_are_told_once() -> None:
    flips = Augmentation(flip=choice("none", "horizontal"))
    template = BASE.replace(augmentation=choice(None, flips, labels=("none", "flips")))
    space = SearchSpace(
        "flips", template, references={"same": BASE.replace(augmentation=Augmentation(flip="horizontal"))}
    )
    [line] = augmentation_warnings(space)
    assert line.startswith("augmentation.flip: an image of digits may mean something else when mirrored (horizontal)")
    assert augmentation_warnings(SearchSpace("plain", BASE)) == []


def test_a_network_is_measured_once_as_its_last_phase_trains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Model] = []

    def measure_cost(model: Model, shape: Shape, classes: int) -> Cost:
        measured.append(model)
        return Cost(len(measured), classes, *shape[:2])

    monkeypatch.setattr(preparation, "measure_cost", measure_cost)
    monkeypatch.setattr(preparation, "COSTS_REMEMBERED", 2)
    measure = cost_measure(Layout(Path("nowhere"), Path("nowhere")))
    frozen = BASE.replace(model=Backbone("mobilenet_v2", unfreeze=Frozen()))
    thawed = frozen.replace(phases=(Phase(begins=0.5, unfreeze=Top(40)),), batch_size=7)
    assert measure(frozen) is measure(frozen.replace(batch_size=9))
    measure(thawed)
    assert [model.unfreeze for model in measured] == [Frozen(), Top(40)]  # type: ignore[attr-defined]
    measure(frozen.replace(data=Mnist()))
    assert measure(thawed) == Cost(2, 10, 1, 8)
    assert measure(frozen) == Cost(4, 10, 1, 8)  # forgotten, it was the oldest
