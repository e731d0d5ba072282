"""Flips and crops: whole pixels change their places, and none is interpolated."""

import torch
from torch import Tensor


def cut_out(pixels: Tensor, mirrored: Tensor, offset: Tensor, fill: str) -> Tensor:
    """The images (N, C, H, W), each mirrored and then shifted by whole pixels: float32, the same shape.

    mirrored: -1 or 1 for x and y (N, 2). offset: to the right and downwards (N, 2). Shifting by up to k pixels either
    way is what adding k pixels by `fill` on each side and cutting out the old size at random comes to.
    """
    count, channels, height, width = pixels.shape
    offset = offset.long()
    columns, inside_x = _sources(width, mirrored[:, :1], offset[:, :1], fill)
    rows, inside_y = _sources(height, mirrored[:, 1:], offset[:, 1:], fill)
    index = (rows[:, :, None] * width + columns[:, None, :]).view(count, 1, -1)
    moved = pixels.flatten(2).gather(2, index.expand(-1, channels, -1)).view(pixels.shape).float()
    if fill == "zero":
        moved *= (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
    return moved


def _sources(size: int, mirrored: Tensor, offset: Tensor, fill: str) -> tuple[Tensor, Tensor]:
    """For each place along a side the one that its pixel comes from, and whether that lies inside (both N, size)."""
    source = torch.arange(size, device=offset.device) - offset
    source = torch.where(mirrored < 0, size - 1 - source, source)
    inside = (source >= 0) & (source < size)
    if fill == "reflect":  # the image and its mirror image by turns
        source = source.remainder(2 * size)
        return torch.minimum(source, 2 * size - 1 - source), inside
    return source.clamp(0, size - 1), inside
