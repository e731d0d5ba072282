import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nas import Backbone, ConvNet, Dense, Head
from nas.models.backbones import build_backbone
from nas.models.backbones.published import adapt_channels, library_network
from nas.models.pretrained import WeightsError, fitting_weights, input_moments, load_pretrained, prepare_weights
from nas.models.weight_files import weights_file
from nas.records import DataPlace

NAME = "squeezenet1_1"
SIDE = 32


@pytest.fixture
def place(tmp_path):
    return DataPlace(tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def weights():
    torch.manual_seed(1)
    return library_network(NAME, 1000).state_dict()


def saved(weights, path):
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)
    return path


def loaded(path, place, name=NAME, classes=5, channels=3, **values):
    torch.manual_seed(2)
    model = Backbone(name, weights=str(path), **values)
    net = build_backbone(model, (channels, SIDE, SIDE), classes)
    random = {key: value.clone() for key, value in net.network.state_dict().items()}
    load_pretrained(net, model, place)
    return net.network.state_dict(), random


@pytest.mark.parametrize("file", ["any.pth", "any.pt", "any.safetensors"])
def test_a_file_brings_all_but_an_output_for_other_classes(tmp_path, place, weights, file):
    found, random = loaded(saved(weights, tmp_path / file), place)
    for key, value in found.items():
        assert torch.equal(value, (random if key.startswith("classifier") else weights)[key])


def test_the_same_classes_bring_the_output_too(tmp_path, place, weights):
    found, _ = loaded(saved(weights, tmp_path / "any.pth"), place, classes=1000)
    assert all(torch.equal(value, weights[key]) for key, value in found.items())


def test_dense_layers_before_the_output_are_kept(tmp_path, place):
    with torch.device("meta"):
        whole = library_network("alexnet", 1000)
    weights = {key: torch.zeros_like(value, device="cpu") for key, value in whole.state_dict().items()}
    with torch.device("meta"):
        net = build_backbone(Backbone("alexnet"), (3, 63, 63), 5)
    fitting = fitting_weights(net, weights, tmp_path)
    assert set(weights) - set(fitting) == {"classifier.6.weight", "classifier.6.bias"}
    weights["classifier.1.weight"] = torch.zeros(4096, 9)
    with pytest.raises(
        WeightsError, match=r"1 of another shape \(classifier.1.weight: 4096 x 9 instead of 4096 x 9216"
    ):
        fitting_weights(net, weights, tmp_path)


@pytest.mark.parametrize("head", [None, Head(dense=(Dense(width=4),))])
def test_a_file_without_the_classifier_will_do(tmp_path, place, weights, head):
    features = {key: value for key, value in weights.items() if key.startswith("features.")}
    found, _ = loaded(saved(features, tmp_path / "any.pth"), place, head=head)
    assert all(torch.equal(found[key], value) for key, value in features.items())


def test_half_precision_is_widened(tmp_path, place, weights):
    half = {key: value.half() for key, value in weights.items()}
    found, _ = loaded(saved(half, tmp_path / "any.safetensors"), place, head=Head())
    assert {value.dtype for value in found.values()} == {torch.float32}
    assert all(torch.equal(value, half[key].float()) for key, value in found.items())


def test_one_channel_takes_the_sum_of_the_colours(tmp_path, place, weights):
    found, _ = loaded(saved(weights, tmp_path / "any.pth"), place, channels=1)
    torch.testing.assert_close(found["features.0.weight"], weights["features.0.weight"].sum(1, keepdim=True))
    assert torch.equal(found["features.0.weight"], adapt_channels(weights["features.0.weight"], 1))


def test_old_files_lack_counters_and_name_the_layers_of_densenet_otherwise(tmp_path, place):
    torch.manual_seed(1)
    weights = library_network("densenet169", 3).state_dict()
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") if "denselayer" in key else key: value
        for key, value in weights.items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    found, _ = loaded(saved(old, tmp_path / "any.pth"), place, name="densenet169")
    key = "features.denseblock1.denselayer1.conv2.weight"
    assert torch.equal(found[key], weights[key])


def test_auxiliary_classifiers_in_the_file_are_passed_over(tmp_path, place):
    from torchvision.models import googlenet

    whole = googlenet(aux_logits=True, init_weights=False).state_dict()
    found, _ = loaded(saved(whole, tmp_path / "any.pth"), place, name="googlenet")
    assert torch.equal(found["conv1.conv.weight"], whole["conv1.conv.weight"])


def test_what_does_not_fit_is_named_in_one_line(tmp_path, place, weights):
    weights["features.0.weight"] = torch.zeros(64, 5, 3, 3)
    for key in [key for key in weights if key.startswith("features.3.")]:
        weights[f"other.{key}"] = weights.pop(key)
    with pytest.raises(WeightsError) as raised:
        loaded(saved(weights, tmp_path / "any.pth"), place)
    assert str(raised.value) == (
        f"{tmp_path}/any.pth: does not fit squeezenet1_1: "
        "6 missing (features.3.squeeze.weight, features.3.squeeze.bias, features.3.expand1x1.weight, ...); "
        "6 unknown (other.features.3.squeeze.weight, other.features.3.squeeze.bias, "
        "other.features.3.expand1x1.weight, ...); "
        "1 of another shape (features.0.weight: 64 x 5 x 3 x 3 instead of 64 x 3 x 3 x 3); "
        "give weights of squeezenet1_1, or a folder that holds some as squeezenet1_1.pth"
    )


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("any.pth", b"no weights at all", "any.pth: is no file of weights ("),
        ("any.safetensors", b"no weights at all", "any.safetensors: is no file of weights ("),
        ("any.pt", {"weights": [1, 2]}, "any.pt: is no file of weights (no tensors by name)"),
    ],
)
def test_a_file_of_another_kind_is_one_line(tmp_path, place, file, content, why):
    path = tmp_path / file
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(WeightsError) as raised:
        loaded(path, place)
    assert why in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_pickle_that_runs_code_is_not_opened(tmp_path, place):
    torch.save({"features": Path}, tmp_path / "any.pth")
    with pytest.raises(WeightsError, match="is no file of weights"):
        loaded(tmp_path / "any.pth", place)


def test_the_driver_checks_that_the_file_fits(tmp_path, place, weights):
    good = saved(weights, tmp_path / "good.pth")
    prepare_weights(Backbone(NAME, weights=str(good)), place)
    with pytest.raises(WeightsError, match="does not fit mobilenet_v2: 260 missing"):
        prepare_weights(Backbone("mobilenet_v2", weights=str(good)), place)


def test_weights_are_absent_by_the_time_of_the_trial(tmp_path, place):
    with pytest.raises(WeightsError, match="no weights at"):
        loaded(tmp_path / "none.pth", place)


@pytest.mark.parametrize("model", [ConvNet(), Backbone(NAME)])
def test_models_without_pretrained_weights_are_left_alone(model, place):
    prepare_weights(model, place)
    load_pretrained(torch.nn.Linear(1, 1), model, place)
    assert input_moments(model) is None


def test_what_the_images_must_look_like():
    assert input_moments(Backbone("vgg16", weights="imagenet")) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert input_moments(Backbone("xception", weights="any.pth")) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.skipif("NAS_TEST_WEIGHTS" not in os.environ, reason="NAS_TEST_WEIGHTS names no folder of weights")
@pytest.mark.parametrize(("name", "tensors"), [("mobilenet_v2", 312), ("squeezenet1_1", 52)])
def test_real_weights(name, tensors, place):
    """Of ImageNet, by the names of torchvision: the first without a classifier, the second whole, in half precision."""
    folder = os.environ["NAS_TEST_WEIGHTS"]
    model = Backbone(name, weights=folder)
    prepare_weights(model, place)
    file = torch.load(weights_file(model, place), weights_only=True)
    found, random = loaded(folder, place, name=name, classes=1000)
    assert len(file) == tensors
    assert all(torch.equal(found[key], value.to(found[key].dtype)) for key, value in file.items())
    assert all(torch.equal(found[key], random[key]) for key in found if key not in file)
