import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from nas import MLP, ConvNet, Dense, Head, LeNet5, Stage, StagedNet
from nas.cost.layers import GAIN
from nas.models.build import build_model

HALVES = ("relu", "gelu", "silu")


def spread(model, shape=(3, 8, 8)):
    """How far apart the logits of random images are, in their standard deviation."""
    torch.manual_seed(0)
    network = build_model(model, shape, 8)
    with torch.no_grad():
        return network(torch.randn(32, *shape)).std(0).mean()


def deep(**stage):
    return StagedNet(stages=(Stage(**{"filters": 32, "blocks": 16, **stage}),), head=Head(dense=(Dense(),)))


@pytest.mark.parametrize(
    "model",
    [
        ConvNet(conv_layers=12, filters=32, dense_layers=4, dense_width=128),
        deep(),
        deep(activation="gelu", kernel_size=5),
        deep(block="residual"),
        deep(block="residual", batch_norm="before"),
        deep(block="residual", batch_norm="after", activation="silu"),
        deep(block="bottleneck"),
        deep(block="inception"),
        deep(block="separable", blocks=8),
        deep(activation="linear"),
        deep(activation="tanh"),
        LeNet5(),
        MLP(layers=(Dense(width=256),) * 12),
        MLP(layers=(Dense(width=256, activation="tanh"),) * 12),
    ],
    ids=lambda model: model.kind,
)
def test_the_signal_neither_dies_nor_explodes_in_a_deep_network(model):
    assert 0.005 < spread(model) < 5  # torch's own weights leave 1e-8 in the first


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "tanh", "linear"])
def test_a_layer_and_its_activation_keep_the_size_of_the_signal(activation):
    functions = {"linear": lambda z: z, "tanh": torch.tanh, **{name: getattr(functional, name) for name in HALVES}}
    z = torch.linspace(-9, 9, 100_001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    passed = torch.trapezoid(functions[activation](z) ** 2 * density, z).item()
    assert GAIN[activation] ** 2 * passed == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("activation", "variance"), [("relu", 2.0), ("linear", 1.0)])
def test_the_first_weights_suit_what_follows_them(activation, variance):
    torch.manual_seed(0)
    stage = Stage(filters=64, groups=2, activation=activation)
    dense = Dense(width=256, activation=activation)
    network = build_model(StagedNet(stages=(stage,), head=Head(dense=(dense,))), (64, 8, 8), 100)
    for layer, fan_in, wanted in (
        (network.stage1.block1.conv, 32 * 9, variance),
        (network.head.dense1, 64, variance),
        (network.head.output, 256, 1),
    ):
        assert layer.weight.std().item() == pytest.approx(math.sqrt(wanted / fan_in), rel=0.03)
        assert not layer.bias.any()


def test_a_convnet_starts_as_he_et_al_do():
    torch.manual_seed(0)
    network = build_model(ConvNet(filters=64, dense_width=256), (3, 8, 8), 100)
    for layer in network:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.05)
            assert not layer.bias.any()


def test_residual_blocks_without_norm_start_as_their_shortcuts():
    network = build_model(StagedNet(stages=(Stage(filters=3, block="residual", blocks=3),)), (3, 8, 8), 8)
    images = torch.randn(2, 3, 8, 8).relu()
    assert torch.equal(network.stage1(images), images)


def test_the_global_seed_fixes_the_weights():
    def weights(seed):
        torch.manual_seed(seed)
        return build_model(ConvNet(filters=4), (3, 8, 8), 8).conv1.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
