"""Corners go where they are sent; torchvision's perspective shows the same picture."""

import pytest
import torch
from torch import Generator
from torchvision.transforms.v2 import functional as vision

from nas.data.augmentation.geometry import Moves, warp
from nas.data.augmentation.perspective import draw_corners, to_source
from tests.data.augmentation.conftest import Draw

SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
CPU = torch.device("cpu")


@pytest.mark.parametrize("strength", [0.1, 0.5, 0.9, 0.999])
def test_corners_of_the_picture_are_corners_of_the_image(strength: float, generator: Generator) -> None:
    half = (10.0, 4.0)
    corners = draw_corners(strength, 300, generator, CPU).double()
    rows = [torch.stack(row) for row in to_source(corners, *half)]
    for i, corner in enumerate(SQUARE):
        point = torch.stack((corners[:, i, 0] * half[0], corners[:, i, 1] * half[1], torch.ones(300)))
        x, y, w = ((row * point).sum(dim=0) for row in rows)
        assert torch.all(w > 0)
        torch.testing.assert_close(x / w, torch.full_like(x, corner[0] * half[0]), atol=1e-4, rtol=0)
        torch.testing.assert_close(y / w, torch.full_like(y, corner[1] * half[1]), atol=1e-4, rtol=0)


def test_corners_that_stay_move_nothing(noise: Draw) -> None:
    images = noise(2, 3, 6, 9).float()
    still = torch.zeros(2)
    moves = Moves(torch.ones(2, 2), still + 1, still, still, torch.zeros(2, 2), torch.tensor(SQUARE).expand(2, 4, 2))
    torch.testing.assert_close(warp(images, moves, "zero"), images, atol=0.01, rtol=0)


def test_as_torchvision(noise: Draw, generator: Generator) -> None:
    width, height = 12, 8
    images = noise(20, 2, height, width).float()
    corners = draw_corners(0.4, 20, generator, CPU)
    still = torch.zeros(20)
    ours = warp(images, Moves(torch.ones(20, 2), still + 1, still, still, torch.zeros(20, 2), corners), "zero")
    edges = [[0, 0], [width, 0], [width, height], [0, height]]
    for image, points, moved in zip(images, corners, ours, strict=True):
        ends = [[(x + 1) * width / 2, (y + 1) * height / 2] for x, y in points.tolist()]
        expected = vision.perspective(image, edges, ends)  # it takes fractions too
        torch.testing.assert_close(moved, expected, atol=0.1, rtol=0)


@pytest.mark.parametrize("strength", [0.3, 0.999])
def test_draws(strength: float, generator: Generator) -> None:
    corners = draw_corners(strength, 5000, generator, CPU)
    inwards = 1 - corners.abs()
    assert inwards.min() >= 0
    assert inwards.max() <= strength
    assert torch.equal(corners.sign(), torch.tensor(SQUARE).expand(5000, 4, 2))
    if strength < 2 / 3:
        assert inwards.mean().item() == pytest.approx(strength / 2, abs=0.003)
        assert inwards.max() > 0.99 * strength
