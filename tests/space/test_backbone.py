"""`Backbone` and `Unfreeze`: what a space file may say of them, and how it is told what it may not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import All, Backbone, Frozen, Slice, SpaceError, Top
from nas.config import NETWORKS
from nas.space.load import load_space_file

FILE = """
from nas import All, Backbone, Digits, Frozen, Head, Phase, SearchSpace, Slice, Top, TrialConfig, choice

space = SearchSpace("mine", TrialConfig(data=Digits(), model={model}))
"""

LISTED = "`nas show --layers %s` lists them"


def lines_of(folder: Path, model: str) -> list[str]:
    file = folder / "my.py"
    file.write_text(FILE.format(model=model))
    with pytest.raises(SpaceError) as told:
        load_space_file(str(file))
    return str(told.value).splitlines()


@pytest.mark.parametrize(
    ("unfreeze", "problem"),
    [
        ("Top(140)", "Top(140) is out of range: there are 139 layers"),
        ("Slice(-140, -40)", "Slice(-140, -40) is out of range: there are 139 layers"),
        ("Slice(0, 140)", "Slice(0, 140) is out of range: there are 139 layers"),
        ("Slice(20, 20)", "Slice(20, 20) is empty: of 139 layers it means 20 to 20"),
        ("Slice(-40, 99)", "Slice(-40, 99) is empty: of 139 layers it means 99 to 99"),
        ("Slice(-40, -80)", "Slice(-40, -80) is reversed: of 139 layers it means 99 to 59"),
        ("choice(Frozen(), Top(500))", "Top(500) is out of range: there are 139 layers"),
    ],
)
def test_layers_that_there_are_not_are_told_when_the_file_is_loaded(tmp_path, unfreeze, problem):
    (line,) = lines_of(tmp_path, f"Backbone('mobilenet_v2', unfreeze={unfreeze})")
    assert line == f"template.model.backbone.unfreeze: {problem} in mobilenet_v2; {LISTED % 'mobilenet_v2'}"


@pytest.mark.parametrize("unfreeze", ["Top(140)", "choice(Frozen(), Top(140))"])
@pytest.mark.parametrize("model", ["'mobilenet_v2'", "choice('densenet169', 'mobilenet_v2')"])
def test_layers_of_a_later_phase_too(tmp_path, model, unfreeze):
    phases = f"(Phase(begins=0.5, unfreeze={unfreeze}), Phase(begins=0.7, unfreeze=All()))"
    (line,) = lines_of(tmp_path, f"Backbone({model}), phases={phases}")
    todo = LISTED % "mobilenet_v2"
    assert line == f"template.phases: Top(140) is out of range: there are 139 layers in mobilenet_v2; {todo}"


def test_one_slice_must_fit_every_network_that_may_come(tmp_path):
    lines = lines_of(tmp_path, "choice(Backbone('vgg16', unfreeze=Top(40)), Backbone('resnet18', unfreeze=Top(40)))")
    todo = LISTED % "vgg16"
    assert lines == [f"template.model.vgg16.unfreeze: Top(40) is out of range: there are 31 layers in vgg16; {todo}"]


def test_an_unknown_network_and_misplaced_dropout(tmp_path):
    (line,) = lines_of(tmp_path, "Backbone('mobilenetv2')")
    assert "unknown network 'mobilenetv2'; did you mean mobilenet_v2?" in line
    (line,) = lines_of(tmp_path, "Backbone('alexnet', head=Head(), dropout=0.5)")
    assert line.endswith("belongs to the network's own classifier; set head.dropout instead")


@given(st.integers(1, 60), st.integers(-80, 80), st.integers(-80, 80))
def test_slices_mean_what_they_mean_in_python(layers, start, stop):
    meant = list(range(layers))[start:stop]
    if meant and all(-layers <= end <= layers for end in (start, stop)):
        assert list(Slice(start, stop).chosen(layers)) == meant
    else:
        with pytest.raises(ValueError, match=rf"\b{layers} layers"):
            Slice(start, stop).chosen(layers)


@given(st.integers(1, 60), st.integers(1, 80))
def test_the_top_is_the_last_so_many(layers, count):
    if count > layers:
        with pytest.raises(ValueError, match=f"there are {layers} layers"):
            Top(count).chosen(layers)
    else:
        assert Top(count).chosen(layers) == Slice(layers - count, layers).chosen(layers)


@pytest.mark.parametrize("name", NETWORKS)
def test_none_and_all_fit_every_network(name):
    layers = NETWORKS[name].layers
    assert Backbone(name, unfreeze=Frozen()).unfreeze.chosen(layers) == range(0)
    assert Backbone(name, unfreeze=All()).unfreeze.chosen(layers) == range(layers)
    Backbone(name, unfreeze=Top(layers))
    with pytest.raises(SpaceError, match=f"there are {layers} layers in {name}"):
        Backbone(name, unfreeze=Top(layers + 1))
