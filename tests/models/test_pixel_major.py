import pytest
import torch
from torch import nn

from nas.models.pixel_major import BatchNorm2d, MaxPool2d, is_pixel_major


def laid_out(maps, layout):
    if layout == "pixel_major":
        return maps.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1)
    return maps.contiguous(memory_format=getattr(torch, layout))


@pytest.mark.parametrize("layout", ["pixel_major", "channels_last", "contiguous_format"])
@pytest.mark.parametrize(
    ("ours", "plain"), [(BatchNorm2d(4), nn.BatchNorm2d(4)), (MaxPool2d(2, 2), nn.MaxPool2d(2, 2))]
)
def test_it_is_the_plain_layer_and_keeps_the_layout(ours, plain, layout):
    maps = laid_out(torch.randn(3, 4, 6, 5), layout)
    results = []
    for layer in (ours, plain):
        leaf = maps.clone().requires_grad_()
        assert is_pixel_major(leaf) == (layout == "pixel_major")
        result = layer(leaf)
        (gradient,) = torch.autograd.grad(result.relu_().square().sum(), leaf)
        results.append((result, gradient))
    assert is_pixel_major(results[0][0]) == (layout == "pixel_major")
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)
    for name, kept in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], kept)
