"""Shares of images and of labels, and the Beta distribution that they come from."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest
from torch import Generator, Tensor

from nas import Augmentation
from nas.data.augmentation.mixing import draw_beta, draw_windows, mix

CPU = torch.device("cpu")


def plain(count: int, side: int = 16) -> tuple[Tensor, Tensor]:
    """Images all of whose pixels are their own number, which is their label too."""
    labels = torch.arange(count)
    return labels.float()[:, None, None, None].expand(count, 3, side, side), labels


@pytest.mark.parametrize("alpha", [0.05, 0.5, 1.0, 4.0])
def test_beta(alpha: float, generator: Generator) -> None:
    draws = draw_beta(alpha, 20_000, generator, CPU)
    for point in (1e-6, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999):  # most draws of a small alpha are 1 in 32 bits
        share = (draws <= point).float().mean().item()
        assert share == pytest.approx(beta(alpha, alpha).cdf(point), abs=0.018)  # five standard deviations


@pytest.mark.parametrize("alpha", [1e-300, 1e-4, 1e6])
def test_beta_at_its_ends(alpha: float, generator: Generator) -> None:
    draws = draw_beta(alpha, 1000, generator, CPU)
    assert draws.isfinite().all()
    assert draws.min() >= 0
    assert draws.max() <= 1


def test_mixup(generator: Generator) -> None:
    images, labels = plain(500)
    mixed, shares = mix(Augmentation(mixup=0.5), images, labels, 500, generator)
    assert shares.shape == (500, 500)
    assert shares.dtype == torch.float32
    assert torch.all((shares > 0).sum(dim=1) <= 2)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(500))
    expected = shares @ labels.float()  # a pixel is the mean of the two numbers, as its label says
    torch.testing.assert_close(mixed, expected[:, None, None, None].expand_as(mixed), atol=1e-2, rtol=0)


def test_shares_are_drawn_for_each_image(generator: Generator) -> None:
    images, labels = plain(4000, 1)
    _, shares = mix(Augmentation(mixup=0.5), images, labels, 4000, generator)
    own = shares.diagonal().double().numpy()
    assert kstest(own[own < 1], beta(0.5, 0.5).cdf).pvalue > 1e-3
    partners = shares.clone().fill_diagonal_(0).argmax(dim=1)
    assert len(set(partners.tolist())) > 3900  # a permutation, but for shares that vanish
    assert (partners != 0).float().mean() > 0.97


def test_cutmix_has_the_share_of_its_pixels(generator: Generator) -> None:
    images, labels = plain(300)
    mixed, shares = mix(Augmentation(cutmix=1.0), images, labels, 300, generator)
    own = (mixed == images).float().mean(dim=(1, 2, 3))
    torch.testing.assert_close(shares.diagonal(), own)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(300))
    for image, share in zip(mixed, shares, strict=True):
        assert set(image.unique().tolist()) == set(share.nonzero().flatten().tolist())
    foreign = (mixed != images).any(dim=1)
    whole = foreign.any(dim=2).sum(dim=1) * foreign.any(dim=1).sum(dim=1)
    assert torch.equal(whole, foreign.sum(dim=(1, 2)))  # one rectangle


def test_windows(generator: Generator) -> None:
    """A window has the sides of the share where it lies within the image, and is cut off at its border."""
    share = torch.full((3000,), 0.75)
    windows = draw_windows(share, 20, 40, generator)
    tall, wide = windows.any(dim=2).sum(dim=1), windows.any(dim=1).sum(dim=1)
    assert set(tall.tolist()) <= set(range(12))
    assert tall.mode().values == 10
    assert wide.max() <= 21
    assert wide.mode().values == 20
    covered = windows.float().mean(dim=0)
    torch.testing.assert_close(covered, covered.flip(0, 1), atol=0.06, rtol=0)
    # half of the image wide: a pixel in the middle is met by every second window, one at the border by every fourth
    middle, edge = covered[10].max().item(), covered[10, 0].item()
    assert middle == pytest.approx(0.25, abs=0.04)
    assert edge == pytest.approx(0.125, abs=0.035)


def test_nothing_and_everything_kept(generator: Generator) -> None:
    assert not draw_windows(torch.ones(100), 7, 9, generator).any()
    assert draw_windows(torch.zeros(2000), 8, 8, generator).float().mean().item() == pytest.approx(9 / 16, abs=0.02)


def test_with_both_each_image_is_given_one(generator: Generator) -> None:
    images, labels = plain(1000)
    mixed, shares = mix(Augmentation(mixup=4.0, cutmix=4.0), images, labels, 1000, generator)
    blended = ~((mixed == images) | (mixed == mixed.round())).all(dim=(1, 2, 3))
    assert blended.float().mean().item() == pytest.approx(0.5, abs=0.08)  # five standard deviations
    torch.testing.assert_close(
        mixed.mean(dim=(1, 2, 3)), shares @ labels.float(), atol=0.02, rtol=0
    )  # true of either kind


def test_one_image_is_mixed_with_itself(generator: Generator) -> None:
    images = torch.rand((1, 3, 5, 5), generator=Generator().manual_seed(0)) * 255
    for config in (Augmentation(mixup=1.0), Augmentation(cutmix=1.0), Augmentation(mixup=1.0, cutmix=1.0)):
        mixed, shares = mix(config, images, torch.tensor([2]), 4, generator)
        assert torch.equal(mixed, images)
        assert np.array_equal(shares.numpy(), [[0, 0, 1, 0]])
