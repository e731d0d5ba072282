"""Layers that torch lacks, or has in a slower form."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d, interpolate


class GlobalAveragePool(nn.Module):
    """The mean of each map: [N, C, H, W] -> [N, C].

    As a sum and a division, for the backward pass of `mean` and `AdaptiveAvgPool2d(1)` writes a gradient with the
    channels first, which makes the layers before it up to ten times slower when they have the channels last.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        return maps.sum((2, 3)) / (maps.shape[2] * maps.shape[3])


class GlobalMaxPool(nn.Module):
    """The largest value of each map: [N, C, H, W] -> [N, C]. Several times faster than `amax` with its gradient."""

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        return adaptive_max_pool2d(maps, 1).flatten(1)


class Resize(nn.Module):
    """Images [N, C, H, W] at another height and width, bilinear; where they shrink, over all pixels (antialiased)."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        shrinks = images.shape[2] > self.size[0] or images.shape[3] > self.size[1]
        return interpolate(images, self.size, mode="bilinear", antialias=shrinks)

    def extra_repr(self) -> str:
        """For `print`."""
        return f"size={self.size}"


class ResidualBlock(nn.Sequential):
    """Its layers one after the other; that called `shortcut` takes what came in, and is added to what is there."""

    def forward(self, taken: Tensor) -> Tensor:
        """See the class."""
        maps = taken
        for name, layer in self.named_children():
            maps = maps + layer(taken) if name == "shortcut" else layer(maps)
        return maps


class BranchBlock(nn.Sequential):
    """All its layers take what came in; their maps are joined, channel after channel."""

    def forward(self, taken: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([layer(taken) for layer in self], dim=1)
