"""Rectangles of noise."""

import pytest
import torch
from torch import Generator

from nas.data.augmentation.erasing import draw_rectangles, erase
from tests.data.augmentation.conftest import Draw

CPU = torch.device("cpu")


@pytest.mark.parametrize(("height", "width"), [(64, 64), (40, 100), (300, 60)])
def test_rectangles(height: int, width: int, generator: Generator) -> None:
    inside = draw_rectangles(2000, height, width, generator, CPU)
    tall = inside.any(dim=2).sum(dim=1).float()
    wide = inside.any(dim=1).sum(dim=1).float()
    area = inside.sum(dim=(1, 2)) / (height * width)
    assert torch.equal(area, tall * wide / (height * width))  # one whole rectangle
    assert 0.017 < area.min() < 0.03
    assert 0.32 < area.max() < 0.345
    assert area.mean().item() == pytest.approx(0.175, abs=0.011)  # five standard deviations
    aspect = tall / wide
    assert aspect.min() > 0.3 * 0.85
    assert aspect.max() < 1 / 0.3 * 1.15


def test_rectangles_lie_everywhere(generator: Generator) -> None:
    covered = draw_rectangles(5000, 8, 8, generator, CPU).float().mean(dim=0)
    assert covered.min() > 0.02  # a corner
    torch.testing.assert_close(covered, covered.flip(0, 1), atol=0.05, rtol=0)
    torch.testing.assert_close(covered, covered.T, atol=0.05, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (50, 1), (2, 3), (1, 2)])
def test_something_is_erased_of_the_smallest_image(height: int, width: int, generator: Generator) -> None:
    sizes = draw_rectangles(200, height, width, generator, CPU).sum(dim=(1, 2))
    assert sizes.min() >= 1
    assert sizes.float().mean() <= max(1, 0.5 * height * width)


def test_erased_is_what_lies_in_the_rectangle(noise: Draw, generator: Generator) -> None:
    images = noise(400, 3, 16, 16).float()
    erased = erase(images, 1.0, generator)
    changed = (erased != images).any(dim=1)
    assert torch.all(changed.any(dim=2).sum(dim=1) * changed.any(dim=1).sum(dim=1) == changed.sum(dim=(1, 2)))
    new = erased[changed[:, None].expand_as(erased)]
    assert new.min() >= 0
    assert new.max() <= 255
    assert new.mean().item() == pytest.approx(127.5, abs=2)
    assert new.std().item() == pytest.approx(255 / 12**0.5, abs=2)


@pytest.mark.parametrize("probability", [0.25, 1.0])
def test_how_often(probability: float, generator: Generator) -> None:
    images = torch.full((4000, 1, 8, 8), 300.0)
    share = (erase(images, probability, generator) != 300).flatten(1).any(dim=1).float().mean().item()
    assert share == pytest.approx(probability, abs=0.035)  # five standard deviations
