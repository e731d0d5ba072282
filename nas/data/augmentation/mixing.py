"""Images mixed with each other, and their labels with them."""

import torch
from torch import Generator, Tensor

from nas.config import Augmentation


def mix(
    config: Augmentation, images: Tensor, labels: Tensor, classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Images (float32; N, C, H, W) each mixed with another of the batch, and the shares of classes (N, classes).

    The share of an image's own is drawn anew for each from Beta(alpha, alpha). Mixup blends the two (Zhang et al.
    2017); cutmix puts a rectangle of the other one into it, and the share is that of the pixels left (Yun et al. 2019).
    With both, each image is given one of them, equally likely.
    """
    partner = torch.rand(len(images), generator=generator, device=images.device).argsort()
    own = _own_part(config, images, generator)
    mixed = torch.lerp(images[partner], images, own)
    certain = torch.zeros((len(labels), classes), device=labels.device).scatter_(1, labels[:, None], 1.0)
    return mixed, torch.lerp(certain[partner], certain, own.mean(dim=(1, 2, 3))[:, None])


def _own_part(config: Augmentation, images: Tensor, generator: Generator) -> Tensor:
    """How much of each pixel is the image's own: (N, 1, H, W), or (N, 1, 1, 1) where it is the same for all pixels."""
    count, _, height, width = images.shape
    device = images.device
    if not config.cutmix:
        return draw_beta(config.mixup, count, generator, device)[:, None, None, None]
    share = draw_beta(config.cutmix, count, generator, device)
    kept = (~draw_windows(share, height, width, generator)).float()[:, None]
    if not config.mixup:
        return kept
    blended = draw_beta(config.mixup, count, generator, device)[:, None, None, None]
    return torch.where(torch.rand(kept[:, :, :1, :1].shape, generator=generator, device=device) < 0.5, blended, kept)


def draw_beta(alpha: float, count: int, generator: Generator, device: torch.device) -> Tensor:
    """Draws from Beta(alpha, alpha), float32 (N): the share of the first of two draws from Gamma(alpha) in their sum.

    torch's own Beta takes no generator. In double precision, for with a small alpha both may be tiny.
    """
    shape = torch.full((2, count), alpha, dtype=torch.float64, device=device)
    first, second = torch._standard_gamma(shape, generator=generator).unbind()
    return (first / (first + second)).float()


def draw_windows(share: Tensor, height: int, width: int, generator: Generator) -> Tensor:
    """A rectangle of the other image for each, as the pixels that it covers: bool (N, H, W).

    Its sides are sqrt(1 - share) of the image's, its middle is anywhere, and what lies outside is cut off.
    """
    x, y = torch.rand((2, len(share)), generator=generator, device=share.device).unbind()
    half = (1 - share).sqrt() / 2
    rows, columns = _near(y * height, half * height, height), _near(x * width, half * width, width)
    return rows[:, :, None] & columns[:, None, :]


def _near(middle: Tensor, half: Tensor, size: int) -> Tensor:
    """Which pixels along a side begin less than `half` from the middle: bool (N, size)."""
    place = torch.arange(size, device=middle.device)
    return (place >= (middle - half).round()[:, None]) & (place < (middle + half).round()[:, None])
