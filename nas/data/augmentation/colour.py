"""Changes of light and colour. Images are float32 (N, C, H, W) in [0, 255]."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from nas.config import Augmentation

_WHITE = 255.0
_GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R 601), as Pillow has them."""


@dataclass(frozen=True)
class Tones:
    """Factors for each image (N), applied in this order.

    brightness: of all values. contrast: of their distance to the mean grey of the image. saturation: of their distance
    to the pixel's own grey. These are the definitions of `torchvision.transforms.v2.functional.adjust_*` and Pillow's
    `ImageEnhance`. temperature: red is multiplied by 1 + temperature and blue by 1 - temperature.
    """

    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    temperature: Tensor


def recolour(config: Augmentation, images: Tensor, generator: Generator) -> Tensor:
    """The images, each with its light and colours changed at random, as strongly as `config` says; hue comes last.

    Saturation, temperature and hue need three channels, and leave others alone. What is outside [0, 255] at the end is
    cut off.
    """
    coloured = images.shape[1] == len(_GREY)
    if config.brightness or config.contrast or (coloured and (config.saturation or config.temperature)):
        images = tone(images, draw_tones(config, len(images), generator, images.device))
    if coloured and config.hue:
        turns = 2 * torch.rand(len(images), generator=generator, device=images.device) - 1
        images = turn_hue(images, turns * config.hue)
    return images


def draw_tones(config: Augmentation, count: int, generator: Generator, device: torch.device) -> Tones:
    """Tones for `count` images, as strong as `config` says."""
    draws = 2 * torch.rand((4, count), generator=generator, device=device) - 1
    return Tones(
        brightness=1 + draws[0] * config.brightness,
        contrast=1 + draws[1] * config.contrast,
        saturation=1 + draws[2] * config.saturation,
        temperature=draws[3] * config.temperature,
    )


def tone(images: Tensor, tones: Tones) -> Tensor:
    """The images with other tones, all computed as one: value * gain + grey of the pixel * grey_gain + offset."""
    coloured = images.shape[1] == len(_GREY)
    grey = _grey(images) if coloured else images
    gain = tones.brightness * tones.contrast
    offset = tones.brightness * (1 - tones.contrast) * grey.mean(dim=(1, 2, 3))
    if not coloured:
        return torch.addcmul(_as_images(offset), images, _as_images(gain)).clamp_(0, _WHITE)
    toned = torch.addcmul(_as_images(offset), grey, _as_images(gain * (1 - tones.saturation)))
    toned = torch.addcmul(toned, images, _as_images(gain * tones.saturation))
    toned[:, 0] *= (1 + tones.temperature)[:, None, None]
    toned[:, 2] *= (1 - tones.temperature)[:, None, None]
    return toned.clamp_(0, _WHITE)


def turn_hue(images: Tensor, turns: Tensor) -> Tensor:
    """RGB images with every colour moved round the circle of hues by so many turns (N).

    As in `torchvision.transforms.v2.functional.adjust_hue`: saturation and value in the sense of HSV stay.
    Source: Smith (1978, "Color Gamut Transform Pairs") in the form without cases, each channel being
    value - chroma * clamp(min(k, 4 - k), 0, 1) with k = (n + 6 hue) mod 6 and n = 5, 3, 1.
    """
    red, green, blue = images.unbind(dim=1)
    value, darkest = images.amax(dim=1), images.amin(dim=1)
    chroma = value - darkest
    inverse = 1 / torch.where(chroma > 0, chroma, 1)
    sixths = torch.where(
        value == red,
        (green - blue) * inverse,
        torch.where(value == green, (blue - red) * inverse + 2, (red - green) * inverse + 4),
    )
    sixths = sixths + 6 * turns[:, None, None]
    shades = [(sixths + n).remainder_(6) for n in (5, 3, 1)]
    return torch.stack([value - chroma * torch.minimum(k, 4 - k).clamp_(0, 1) for k in shades], dim=1)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images.unsqueeze(2).unbind(dim=1)
    return (red * _GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])


def _as_images(values: Tensor) -> Tensor:
    return values[:, None, None, None]
