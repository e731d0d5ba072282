import pytest
import torch
from torch import nn
from torchvision.models import vgg19

from nas import VGG19
from nas.models.vgg import build_vgg19


def on_meta(model, shape):
    with torch.device("meta"):
        return build_vgg19(model, shape, 8)


def test_the_convolutions_take_torchvisions_weights():
    with torch.device("meta"):
        published = vgg19().features.state_dict()
    ours = on_meta(VGG19(), (3, 32, 32)).features.state_dict()
    assert {name: weights.shape for name, weights in ours.items()} == {
        name: weights.shape for name, weights in published.items()
    }
    assert sum(weights.numel() for weights in ours.values()) == 20_024_384


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_first_convolution_takes_the_channels_of_the_data(channels):
    network = on_meta(VGG19(head_width=16), (channels, 32, 32))
    assert network(torch.zeros(2, channels, 32, 32, device="meta")).shape == (2, 8)


@pytest.mark.parametrize(
    ("shape", "upscale_to", "enlarged"),
    [
        ((3, 8, 8), 32, (32, 32)),
        ((3, 8, 12), 33, (33, 50)),  # 49.5
        ((3, 50, 40), 48, (60, 48)),
        ((3, 32, 32), 32, None),
        ((3, 64, 40), 32, None),
        ((3, 64, 64), None, None),
    ],
)
def test_only_smaller_images_are_enlarged_in_proportion(shape, upscale_to, enlarged):
    network = on_meta(VGG19(upscale_to=upscale_to), shape)
    assert (network.enlarge.size if hasattr(network, "enlarge") else None) == enlarged
    assert network(torch.zeros(1, *shape, device="meta")).shape == (1, 8)


def test_enlarging_is_bilinear():
    enlarge = on_meta(VGG19(upscale_to=32), (1, 1, 2)).enlarge
    row = enlarge(torch.tensor([[[[0.0, 1.0]]]]))[0, 0, 5]
    centres = (torch.arange(64) + 0.5) / 32 - 0.5  # of the new pixels, in old ones
    torch.testing.assert_close(row, centres.clamp(0, 1))


def test_every_weight_is_set_and_the_signal_lives_through_19_layers():
    torch.manual_seed(0)
    network = build_vgg19(VGG19(upscale_to=32), (1, 8, 8), 8)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.1)
            assert not layer.bias.any()
    with torch.no_grad():
        spread = network(torch.randn(8, 1, 8, 8)).std(0).mean()
    assert 0.005 < spread < 5  # torch's own weights leave 1e-8


def test_dropout_follows_the_dense_layer():
    assert on_meta(VGG19(dropout=0.5), (3, 32, 32)).dense_dropout.p == 0.5
    assert not any(isinstance(layer, nn.Dropout) for layer in on_meta(VGG19(), (3, 32, 32)).modules())
