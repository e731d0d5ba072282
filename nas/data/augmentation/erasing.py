"""Random erasing."""

from math import log

import torch
from torch import Generator, Tensor

_AREA = (0.02, 0.33)
_ASPECT = 1 / 0.3
_WHITE = 255.0


def erase(images: Tensor, probability: float, generator: Generator) -> Tensor:
    """The images (float32 in [0, 255]; N, C, H, W), in each with this probability a rectangle of uniform noise.

    The rectangle covers 2 to 33 % of the image, up to rounding to whole pixels, and its sides are as 0.3 to 1 / 0.3,
    or as near to that as lies within an image. Source: Zhong et al. 2017 ("Random Erasing Data Augmentation", RE-R).
    """
    count, _, height, width = images.shape
    inside = draw_rectangles(count, height, width, generator, images.device)
    chosen = torch.rand(count, generator=generator, device=images.device) < probability
    noise = torch.rand(images.shape, generator=generator, device=images.device) * _WHITE
    return torch.where((inside & chosen[:, None, None])[:, None], noise, images)


def draw_rectangles(count: int, height: int, width: int, generator: Generator, device: torch.device) -> Tensor:
    """A random rectangle for each image, as the pixels that it covers: bool (N, H, W)."""
    size, shape, upper, left = torch.rand((4, count), generator=generator, device=device).unbind()
    area = (_AREA[0] + size * (_AREA[1] - _AREA[0])) * (height * width)
    flattest, steepest = (area / width**2).log(), (height**2 / area).log()  # else it is larger than the image
    log_aspect = torch.lerp(flattest.clamp(min=-log(_ASPECT)), steepest.clamp(max=log(_ASPECT)), shape)
    tall = _whole((area * log_aspect.exp()).sqrt(), height)
    wide = _whole((area / log_aspect.exp()).sqrt(), width)
    rows = _between((upper * (height - tall + 1)).floor(), tall, height)
    columns = _between((left * (width - wide + 1)).floor(), wide, width)
    return rows[:, :, None] & columns[:, None, :]


def _whole(length: Tensor, most: int) -> Tensor:
    return length.round().clamp(1, most)


def _between(first: Tensor, length: Tensor, size: int) -> Tensor:
    """Which of the places along a side lie in [first, first + length): bool (N, size)."""
    place = torch.arange(size, device=first.device)
    return (place >= first[:, None]) & (place < (first + length)[:, None])
