import sys

import pytest
import torch
from torch import nn

from nas import MLP, VGG19, Backbone, ConvNet, Model
from nas.models.build import build_model


class Pixels(Model, kind="test_build_pixels"):
    def build(self, shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], classes))


class Nothing(Model, kind="test_build_nothing"):
    def build(self, shape, classes):
        return shape


def test_the_layers_of_a_convnet_bear_readable_names():
    model = ConvNet(conv_layers=2, filters=4, dense_layers=1, batch_norm=True, max_pool=True, dropout=0.2)
    names = (
        "conv1 norm1 relu1 pool1 conv2 norm2 relu2 average_pool dense1 dense1_norm dense1_relu dense1_dropout output"
    )
    assert [name for name, _ in build_model(model, (3, 2, 2), 8).named_children()] == names.split()


def test_a_convnet_computes_what_its_docstring_says():
    model = ConvNet(conv_layers=2, filters=4, kernel_size=5, dense_layers=1, dense_width=6, max_pool=True)
    network = build_model(model, (3, 6, 7), 8)
    images = torch.randn(5, 3, 6, 7)
    maps = images
    for number in (1, 2):
        layer = network.get_submodule(f"conv{number}")
        maps = nn.functional.conv2d(maps, layer.weight, layer.bias, padding="same").relu()
        maps = nn.functional.max_pool2d(maps, 2)
    hidden = (maps.mean((2, 3)) @ network.dense1.weight.T + network.dense1.bias).relu()
    torch.testing.assert_close(network(images), hidden @ network.output.weight.T + network.output.bias)


def test_a_model_with_its_own_build_is_built_by_it():
    assert build_model(Pixels(), (3, 4, 4), 8)(torch.zeros(2, 3, 4, 4)).shape == (2, 8)


def test_a_build_that_returns_no_module_is_refused():
    with pytest.raises(TypeError, match=r"^Nothing.build must return a torch.nn.Module, got tuple$"):
        build_model(Nothing(), (3, 4, 4), 8)


def test_vgg19_builds_through_the_same_door():
    with torch.device("meta"):
        assert build_model(VGG19(), (3, 32, 32), 8).output.out_features == 8


def test_a_backbone_builds_through_the_same_door():
    with torch.device("meta"):
        network = build_model(Backbone("mobilenet_v2"), (3, 32, 32), 8)
    assert network(torch.zeros(2, 3, 32, 32, device="meta")).shape == (2, 8)


@pytest.mark.parametrize("model", [ConvNet(), MLP(), VGG19(upscale_to=32)])
def test_a_network_described_by_its_layers_needs_no_library_of_networks(model, monkeypatch):
    for name in ("timm", "torchvision", "torchvision.models"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it now fails
    with torch.device("meta"):
        assert build_model(model, (1, 8, 8), 10).output.out_features == 10
