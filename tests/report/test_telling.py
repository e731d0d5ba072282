from hypothesis import given
from hypothesis import strategies as st

from nas import MLP, VGG19, Augmentation, ConvNet, Dense, Digits, ImageFolder, TrialConfig
from nas.report.telling import Telling, flatten
from nas.space.config import to_dict
from tests.report.studies import config


def test_values_by_path_as_holes_are_named() -> None:
    flat = flatten(to_dict(config(4, 256)))
    assert flat["model"] == "convnet"
    assert flat["model.convnet.filters"] == 256
    assert flat["optimizer.adam.lr"] == 0.001
    assert flatten({"blocks": [{"width": 8}, {"width": 16}]}) == {
        "blocks.length": 2,
        "blocks.0.width": 8,
        "blocks.1.width": 16,
    }


def test_where_images_lie_tells_nothing() -> None:
    assert "data.image_folder.path" not in flatten(to_dict(TrialConfig(data=ImageFolder(path="/a"), model=VGG19())))


def test_only_what_differs_is_told() -> None:
    configs = [to_dict(config(1, 64)), to_dict(config(4, 256, True)), to_dict(config(4, 64, False, 0.2))]
    telling = Telling.of(configs)
    assert list(telling.words.values()) == ["conv_layers", "filters", "batch_norm", "dropout"]
    assert [telling.code(own) for own in configs] == ["cl1 f64 d0", "cl4 f256 bn d0", "cl4 f64 d0.2"]
    assert telling.sentence(configs[1]) == "conv_layers 4, filters 256, batch_norm, dropout 0"
    assert telling.sentence(configs[0]) == "conv_layers 1, filters 64, no batch_norm, dropout 0"
    assert telling.legend() == "cl conv_layers, f filters, bn batch_norm, d dropout"


def test_a_foreign_component_is_named() -> None:
    telling = Telling.of([to_dict(config(1, 64)), to_dict(config(4, 64))])
    vgg = to_dict(TrialConfig(data=Digits(), model=VGG19(upscale_to=32)))
    assert telling.code(vgg) == "vgg19 constant"
    assert telling.sentence(vgg) == "model vgg19, upscale_to 32, schedule constant"


def test_holes_are_told_by_their_labels() -> None:
    params = {"model": "wide", "model.wide.unfreeze": "top_36", "lr": 0.01, "balanced": False, "augmentation": None}
    telling = Telling.of_paths(params)
    assert telling.holes_code(params) == "m=wide u=top_36 l0.01 a=none"


def test_nothing_tells_a_single_config_or_none() -> None:
    assert Telling.of([to_dict(config(1, 64))]).words == {}
    assert Telling.of([]).sentence({"a": 1}) == ""


def test_equal_names_are_told_apart_by_their_path() -> None:
    telling = Telling.of([{"a": {"width": 1}, "b": {"width": 1}}, {"a": {"width": 2}, "b": {"width": 3}}])
    assert list(telling.words.values()) == ["a.width", "b.width"]
    assert telling.code({"a": {"width": 2}, "b": {"width": 3}}) == "aw2 bw3"


def test_one_true_and_1_are_not_the_same() -> None:
    assert list(Telling.of([{"x": 1}, {"x": True}]).words) == ["x"]


PATHS = st.lists(
    st.lists(st.text("abc_12", min_size=1, max_size=4), min_size=1, max_size=3).map(".".join), unique=True, max_size=12
)


@given(PATHS)
def test_short_names_are_unique(paths: list[str]) -> None:
    telling = Telling.of_paths(paths)
    assert len(set(telling.words.values())) == len(set(telling.letters.values())) == len(paths)
    assert all(path.endswith(name) for path, name in telling.words.items())


def test_a_component_named_like_its_field_is_there_or_not() -> None:
    varied = TrialConfig(data=Digits(), model=ConvNet(), augmentation=Augmentation(flip="horizontal"))
    telling = Telling.of([to_dict(varied), to_dict(varied.replace(augmentation=None))])
    assert telling.sentence(to_dict(varied)).startswith("with augmentation")
    assert telling.sentence(to_dict(varied.replace(augmentation=None))) == "no augmentation"


def test_items_of_a_tuple_are_named_by_it() -> None:
    models = [MLP(layers=tuple(Dense(width=width) for width in widths)) for widths in ((8,), (4, 4), (4, 2))]
    telling = Telling.of([to_dict(TrialConfig(data=Digits(), model=model)) for model in models])
    assert list(telling.words.values()) == ["layers.length", "layers.0.width", "layers.1.width"]
