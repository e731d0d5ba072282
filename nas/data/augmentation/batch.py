"""All random changes of a batch, in their order."""

import torch
from torch import Generator, Tensor

from nas.config import Augmentation
from nas.data.augmentation.colour import recolour
from nas.data.augmentation.erasing import erase
from nas.data.augmentation.geometry import move
from nas.data.augmentation.mixing import mix

_WHITE = 255.0


def augment(
    config: Augmentation, pixels: Tensor, labels: Tensor, classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """A batch of training images, each changed at random: moved, recoloured, by `config.transform`, erased and mixed.

    pixels: uint8 (N, C, H, W). labels: int64 (N). generator: on the device of `pixels`; all randomness comes from it.
    Never waits for the device.

    Returns:
        Images, float32 (N, C, H, W) in [0, 255], and labels: int64 (N), or with mixup or cutmix the share of each
        class, float32 (N, classes).

    Raises:
        ValueError: `config.transform` returned something else than images of the same shape.
    """
    images = recolour(config, move(config, pixels, generator), generator)
    if type(config).transform is not Augmentation.transform:
        images = _transform(config, images, generator)
    if config.erase:
        images = erase(images, config.erase, generator)
    if config.mixup or config.cutmix:
        return mix(config, images, labels, classes, generator)
    return images, labels


def _transform(config: Augmentation, images: Tensor, generator: Generator) -> Tensor:
    """What the user's own `transform` makes of the images; values outside [0, 1] are cut off."""
    changed = config.transform(images / _WHITE, generator)
    wanted, got = _looks(images), _looks(changed)
    if got != wanted:
        name = type(config).__name__
        raise ValueError(f"augmentation: {name}.transform must return {wanted}, as it was given, got {got}; mend it")
    return (changed * _WHITE).clamp_(0, _WHITE)


def _looks(images: object) -> str:
    if not isinstance(images, Tensor):
        return f"a {type(images).__name__}"
    kind = str(images.dtype).removeprefix("torch.")
    return f"{kind} images of shape {tuple(images.shape)} on {torch.device(images.device)}"
