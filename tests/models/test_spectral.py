"""A convolution by the spectral way is the convolution."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from nas import ConvNet
from nas.models import spectral
from nas.models.build import build_model
from nas.models.spectral import SpectralConv2d
from nas.models.spectral_choice import Sizes, pays
from nas.models.spectral_transform import circular_sides, met_sides, products, transform

sides = st.integers(1, 9)
kernels = st.sampled_from([1, 3, 5, 7, 9, 11])


@pytest.fixture
def always(monkeypatch):
    """The spectral way, wherever it can be taken."""
    monkeypatch.setattr(spectral, "pays", lambda *_, **__: True)


def convolution(channels, filters, kernel, **options):
    torch.manual_seed(0)
    return SpectralConv2d(channels, filters, kernel, padding=(kernel[0] // 2, kernel[1] // 2), **options)


def direct(layer, maps):
    return functional.conv2d(maps, layer.weight, layer.bias, padding=layer.padding)


def with_gradients(way, layer, maps, gradient):
    """What comes out, and the gradients of the maps and the parameters."""
    leaf = maps.clone().requires_grad_()
    result = way(leaf)
    return [result, *torch.autograd.grad(result, [leaf, *layer.parameters()], gradient)]


def off(found, true):
    return ((found.double() - true).norm() / true.norm()).item()


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_it_is_the_direct_convolution_with_its_gradients(dtype, tolerance):
    @settings(deadline=None, max_examples=40)
    @given(st.tuples(sides, sides), st.tuples(kernels, kernels), st.integers(1, 4), st.booleans())
    def check(size, kernel, channels, bias):
        layer = convolution(channels, 3, kernel, bias=bias, dtype=dtype)
        maps = torch.randn(2, channels, *size, dtype=dtype)
        gradient = torch.randn(2, 3, *size, dtype=dtype)
        found = with_gradients(layer, layer, maps, gradient)
        expected = with_gradients(lambda leaf: direct(layer, leaf), layer, maps, gradient)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=tolerance, atol=10 * tolerance)

    check()


@pytest.mark.usefixtures("always")
def test_its_gradients_are_those_of_finite_differences():
    layer = convolution(2, 3, (3, 5), dtype=torch.float64)
    maps = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(layer, maps)


@settings(deadline=None, max_examples=40)
@given(sides, sides, kernels, kernels)
def test_there_are_as_many_products_as_rows(height, width, rows, columns):
    met = met_sides((height, width), (rows, columns))
    matrices = transform((height, width), met, torch.float64)
    count = products((height, width), met)
    assert matrices.maps.shape == (count, height * width)
    assert matrices.kernel.shape == (count, met[0] * met[1])
    assert matrices.back.shape == (height * width, count + 1)
    around = circular_sides((height, width), met)
    assert count < 3 * around[0] * around[1] / 2 + 3


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("side", "kernel"), [(8, 3), (8, 5), (8, 7), (8, 9), (4, 5), (16, 5)])
def test_in_bf16_its_errors_are_of_the_size_of_the_direct_ways(side, kernel):
    layer = convolution(32, 32, (kernel, kernel))
    maps = torch.randn(32, 32, side, side).relu().bfloat16()
    gradient = torch.randn(32, 32, side, side).bfloat16()

    def mixed(way):
        with torch.autocast("cpu", torch.bfloat16):
            return with_gradients(way, layer, maps, gradient)

    found, plain = mixed(layer), mixed(lambda leaf: direct(layer, leaf))
    layer.double()
    true = with_gradients(lambda leaf: direct(layer, leaf), layer, maps.double(), gradient.double())
    for one, other, exact, most in zip(found, plain, true, (2.0, 2.0, 2.6, 2.0), strict=True):
        assert off(one, exact) < most * off(other, exact) < 0.01


def test_state_and_first_weights_are_those_of_a_plain_convolution():
    torch.manual_seed(0)
    plain = nn.Conv2d(3, 16, (5, 5), padding=2)
    layer = convolution(3, 16, (5, 5))
    assert layer.state_dict().keys() == plain.state_dict().keys()
    assert all(torch.equal(kept, plain.state_dict()[name]) for name, kept in layer.state_dict().items())
    assert repr(layer) == "Spectral" + repr(plain)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("options", [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding_mode": "reflect"}])
def test_other_convolutions_go_the_direct_way(options):
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 4, 3, padding=1, **options)
    torch.manual_seed(0)
    layer = SpectralConv2d(4, 4, 3, padding=1, **options)
    maps = torch.randn(2, 4, 8, 8)
    assert torch.equal(layer(maps), plain(maps))


@pytest.mark.usefixtures("always")
def test_single_images_padded_otherwise_or_on_the_meta_device_go_the_direct_way():
    layer = convolution(4, 4, (3, 3))
    assert layer(torch.randn(4, 8, 8)).shape == (4, 8, 8)
    assert SpectralConv2d(4, 4, 3)(torch.randn(2, 4, 8, 8)).shape == (2, 4, 6, 6)
    assert layer.to("meta")(torch.empty(2, 4, 8, 8, device="meta")).shape == (2, 4, 8, 8)


@pytest.mark.usefixtures("always")
def test_an_exported_network_has_plain_convolutions():
    layer = convolution(4, 4, (3, 3)).eval()
    exported = torch.export.export(layer, (torch.randn(2, 4, 8, 8),))
    names = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
    assert names == ["aten.conv2d.default"]


def test_which_way_is_a_matter_of_sizes():
    large = Sizes(128, 64, 64, (8, 8), (7, 7))
    for dtype in (torch.bfloat16, torch.float32):
        assert pays(large, dtype, learns=True)
        assert pays(large, dtype, learns=False)
        assert not pays(large._replace(channels=3), dtype, learns=True)
        assert not pays(large._replace(maps=(224, 224), kernel=(3, 3)), dtype, learns=True)


def trained(steps=5):
    torch.manual_seed(0)
    network = build_model(
        ConvNet(conv_layers=3, filters=16, kernel_size=5, batch_norm=True, max_pool=True), (3, 8, 8), 4
    )
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    images, labels = torch.randn(32, 3, 8, 8), torch.randint(4, (32,))
    losses = []
    for _ in range(steps):
        loss = functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, network


def test_a_network_trains_the_same_way(monkeypatch):
    monkeypatch.setattr(spectral, "pays", lambda *_, **__: True)
    losses, network = trained()
    again, _ = trained()
    monkeypatch.setattr(spectral, "pays", lambda *_, **__: False)
    plain_losses, plain = trained()
    assert losses == again
    assert losses[-1] < losses[0]
    assert losses != plain_losses
    assert losses == pytest.approx(plain_losses, rel=1e-3)
    for name, weights in network.named_parameters():
        torch.testing.assert_close(weights, plain.get_parameter(name), rtol=0.01, atol=1e-3)
