import pytest
import torch
from torch import nn

from nas.models.backbones.layers import leaf_layers, own_params, trace_backbone


class Scaled(nn.Module):
    """A weight of its own beside a layer inside."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(7))
        self.inside = nn.Linear(2, 3)
        self.nothing = nn.Identity()


def test_a_layer_has_nothing_inside_or_weights_of_its_own():
    network = nn.Sequential(Scaled(), nn.Sequential(nn.BatchNorm1d(3), nn.ReLU()))
    counted = {path: own_params(layer) for path, layer in leaf_layers(network)}
    assert counted == {"0": 7, "0.inside": 9, "1.0": 12, "1.1": 0}


def test_layers_stand_in_the_order_in_which_images_pass_them():
    layers = trace_backbone("mobilenet_v2", (3, 64, 48)).layers
    assert layers[:8] == (
        ("features.0.0", "Conv2d", (32, 32, 24), 864),
        ("features.0.1", "BatchNorm2d", (32, 32, 24), 128),
        ("features.0.2", "ReLU6", (32, 32, 24), 0),
        ("features.1.conv.0.0", "Conv2d", (32, 32, 24), 288),
        ("features.1.conv.0.1", "BatchNorm2d", (32, 32, 24), 128),
        ("features.1.conv.0.2", "ReLU6", (32, 32, 24), 0),
        ("features.1.conv.1", "Conv2d", (16, 32, 24), 512),
        ("features.1.conv.2", "BatchNorm2d", (16, 32, 24), 64),
    )
    assert layers[-1] == ("features.18.2", "ReLU6", (1280, 2, 2), 0)


def test_a_norm_with_its_activation_inside_counts_as_both():
    layers = trace_backbone("resnet50_v2", (3, 32, 32)).layers
    assert [layer[:2] + layer[3:] for layer in layers[2:5]] == [
        ("stages.0.blocks.0.norm1", "BatchNormAct2d", 256),
        ("stages.0.blocks.0.norm1.act", "ReLU", 0),
        ("stages.0.blocks.0.downsample.conv", "Conv2d", 16_384),  # called before, though defined after the other branch
    ]


def test_a_block_with_a_scale_counts_once_beside_its_layers():
    layers = trace_backbone("convnext_tiny", (3, 32, 32)).layers
    assert layers[2][:2] == ("features.1.0", "CNBlock")
    assert layers[2].params == 96


@pytest.mark.parametrize(
    ("name", "shape", "first", "maps"),
    [
        ("alexnet", (3, 64, 64), 11 * 11 * 3 * 64 + 64, (256, 1, 1)),
        ("resnet18", (1, 32, 64), 7 * 7 * 1 * 64, (512, 1, 2)),
        ("squeezenet1_1", (3, 32, 32), 3 * 3 * 3 * 64 + 64, (512, 1, 1)),
        ("xception", (4, 71, 71), 3 * 3 * 4 * 32, (2048, 3, 3)),
    ],
)
def test_the_last_map_and_other_channels(name, shape, first, maps):
    traced = trace_backbone(name, shape)
    assert (traced.layers[0].params, traced.maps) == (first, maps)
