"""Flips and crops: every expected pixel is written out or indexed by hand."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from nas import Augmentation
from nas.data.augmentation.exact import cut_out
from nas.data.augmentation.geometry import Moves, move, warp
from tests.data.augmentation.conftest import Draw

PAD_MODES = {"nearest": "edge", "reflect": "symmetric", "zero": "constant"}


def ints(*pairs: tuple[int, int]) -> Tensor:
    return torch.tensor(pairs)


def test_flips_by_hand() -> None:
    image = torch.tensor([[1, 2, 3], [4, 5, 6]], dtype=torch.uint8)
    images = image.expand(4, 1, 2, 3)
    signs = ints((1, 1), (-1, 1), (1, -1), (-1, -1))
    flipped = cut_out(images, signs, ints(*[(0, 0)] * 4), "zero")
    assert flipped[:, 0].tolist() == [
        [[1, 2, 3], [4, 5, 6]],
        [[3, 2, 1], [6, 5, 4]],
        [[4, 5, 6], [1, 2, 3]],
        [[6, 5, 4], [3, 2, 1]],
    ]
    assert flipped.dtype == torch.float32


@pytest.mark.parametrize(
    ("fill", "row"),
    [("nearest", [1, 1, 1, 2]), ("reflect", [2, 1, 1, 2]), ("zero", [0, 0, 1, 2])],
)
def test_what_comes_in_from_outside(fill: str, row: list[int]) -> None:
    image = torch.tensor([[[[1, 2, 3, 4]]]], dtype=torch.uint8)
    assert cut_out(image, ints((1, 1)), ints((2, 0)), fill).flatten().tolist() == row


@pytest.mark.parametrize("fill", ["nearest", "reflect", "zero"])
@pytest.mark.parametrize("crop", [2, 7])  # 7 is more than the image has
def test_a_crop_is_cut_out_of_the_padded_image(fill: str, crop: int, noise: Draw) -> None:
    images = noise(30, 3, 4, 6)
    offsets = torch.randint(-crop, crop + 1, (30, 2), generator=Generator().manual_seed(1))
    moved = cut_out(images, torch.ones(30, 2), offsets, fill)
    for image, (right, down), result in zip(images.numpy(), offsets.tolist(), moved.numpy(), strict=True):
        padded = np.pad(image, ((0, 0), (crop, crop), (crop, crop)), mode=PAD_MODES[fill])  # type: ignore[call-overload]
        top, left = crop - down, crop - right
        np.testing.assert_array_equal(result, padded[:, top : top + 4, left : left + 6])


@pytest.mark.parametrize("fill", ["nearest", "reflect", "zero"])
def test_agrees_with_the_sampling_grid(fill: str, noise: Draw) -> None:
    images = noise(40, 2, 5, 7)
    random = Generator().manual_seed(2)
    signs = 2 * torch.randint(0, 2, (40, 2), generator=random) - 1
    offsets = torch.randint(-4, 5, (40, 2), generator=random)
    still = torch.zeros(40)
    moves = Moves(mirrored=signs, factor=still + 1, shear=still, angle=still, offset=offsets)
    torch.testing.assert_close(
        cut_out(images, signs, offsets, fill), warp(images.float(), moves, fill), atol=0.01, rtol=0
    )


def test_nothing_asked_for_changes_nothing(noise: Draw, generator: Generator) -> None:
    images = noise(3, 3, 5, 4)
    assert torch.equal(move(Augmentation(), images, generator), images.float())


@pytest.mark.parametrize(
    ("flip", "ways"),
    [
        ("horizontal", {(1, 1), (-1, 1)}),
        ("vertical", {(1, 1), (1, -1)}),
        ("both", {(x, y) for x in (1, -1) for y in (1, -1)}),
    ],
)
def test_flips_are_drawn_with_equal_chances(flip: str, ways: set[tuple[int, int]], generator: Generator) -> None:
    images = torch.arange(6, dtype=torch.uint8).view(1, 1, 2, 3).expand(4000, 1, 2, 3)
    moved = move(Augmentation(flip=flip), images, generator)  # type: ignore[arg-type]
    for x, y in ways:
        expected = images[0].float()[:, ::y] if y == 1 else images[0].float().flip(1)
        expected = expected if x == 1 else expected.flip(2)
        share = (moved == expected).flatten(1).all(dim=1).float().mean().item()
        assert share == pytest.approx(1 / len(ways), abs=0.04)  # five standard deviations


def test_crops_are_drawn_evenly(generator: Generator) -> None:
    images = torch.zeros((9000, 1, 5, 5), dtype=torch.uint8)
    images[:, :, 2, 2] = 1
    moved = move(Augmentation(crop=1, fill="zero"), images, generator)
    assert torch.all(moved.sum(dim=(1, 2, 3)) == 1)
    share = moved[:, 0, 1:4, 1:4].mean(dim=0)  # of the nine places where the bright pixel may come to lie
    torch.testing.assert_close(share, torch.full((3, 3), 1 / 9), atol=0.018, rtol=0)
