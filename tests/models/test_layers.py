import math
from collections import OrderedDict

import pytest
import torch
from torch import nn

from nas.models.layers import BranchBlock, GlobalAveragePool, GlobalMaxPool, ResidualBlock, Resize


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_global_average_pooling_is_the_mean_and_its_gradient_keeps_the_layout(layout):
    leaf = torch.randn(3, 4, 5, 6).to(memory_format=layout).requires_grad_()
    maps = leaf.relu()
    maps.retain_grad()
    pooled = GlobalAveragePool()(maps)
    torch.testing.assert_close(pooled, maps.mean((2, 3)))
    pooled.square().sum().backward()
    torch.testing.assert_close(maps.grad, (2 * pooled / 30)[:, :, None, None].expand(3, 4, 5, 6))
    assert leaf.grad.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_global_max_pooling_is_the_maximum_and_its_gradient_keeps_the_layout(layout):
    leaf = torch.randn(3, 4, 5, 6).to(memory_format=layout).requires_grad_()
    pooled = GlobalMaxPool()(leaf)
    assert torch.equal(pooled, leaf.amax((2, 3)))
    pooled.sum().backward()
    assert torch.equal(leaf.grad, (leaf == leaf.amax((2, 3), keepdim=True)).float())
    assert leaf.grad.is_contiguous(memory_format=layout)


def test_enlarging_is_bilinear():
    row = Resize((64, 64))(torch.tensor([[[[0.0, 1.0]]]]))[0, 0, 5]
    centres = (torch.arange(64) + 0.5) / 32 - 0.5  # of the new pixels, in old ones
    torch.testing.assert_close(row, centres.clamp(0, 1))


def test_every_pixel_has_its_share_in_a_smaller_image():
    spots = torch.eye(16 * 16).view(256, 1, 16, 16)
    assert (Resize((4, 4))(spots).sum((1, 2, 3)) > 0).all()


def test_a_residual_block_adds_its_shortcut_where_it_stands():
    layers = {"tanh": nn.Tanh(), "shortcut": nn.Identity(), "relu": nn.ReLU(inplace=True)}
    maps = torch.tensor([5.0, -5.0])
    assert torch.equal(ResidualBlock(OrderedDict(layers))(maps), torch.tensor([5 + math.tanh(5), 0.0]))


def test_branches_are_joined_channel_after_channel():
    maps = torch.randn(2, 3, 4, 4)
    joined = BranchBlock(nn.Identity(), nn.Tanh())(maps)
    assert torch.equal(joined, torch.cat([maps, maps.tanh()], dim=1))
