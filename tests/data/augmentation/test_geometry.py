"""The sampling grid against torchvision, SciPy and pixels known by hand."""

from collections import Counter
from dataclasses import replace
from math import cos, pi, sin, tan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import affine_transform
from torch import Generator, Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as vision

from nas import Augmentation
from nas.data.augmentation.geometry import Moves, draw_moves, warp
from tests.data.augmentation.conftest import Draw

SCIPY_MODES = {"nearest": "nearest", "reflect": "reflect", "zero": "grid-constant"}


def moves(count: int, **values: Tensor) -> Moves:
    """Moves that leave all images as they are, but for the values given."""
    zero = torch.zeros(count)
    return replace(Moves(torch.ones(count, 2), zero + 1, zero, zero, torch.zeros(count, 2)), **values)


def close(actual: Tensor, expected: Tensor, atol: float = 0.01) -> None:
    torch.testing.assert_close(actual, expected, atol=atol, rtol=0)


def test_no_move_changes_nothing(noise: Draw) -> None:
    images = noise(4, 3, 7, 5).float()
    for fill in ("nearest", "reflect", "zero"):
        close(warp(images, moves(4), fill), images)


@pytest.mark.parametrize("fill", ["nearest", "reflect", "zero"])
def test_quarter_turns(fill: str, noise: Draw) -> None:
    images = noise(3, 2, 6, 6).float()
    turned = warp(images, moves(3, angle=torch.tensor([pi / 2, pi, -pi / 2])), fill)
    expected = [torch.rot90(images[0], -1, (1, 2)), images[1].flip(1, 2), torch.rot90(images[2], 1, (1, 2))]
    close(turned, torch.stack(expected))


def test_half_a_turn_of_an_oblong_image(noise: Draw) -> None:
    images = noise(1, 1, 3, 8).float()
    close(warp(images, moves(1, angle=torch.tensor([pi])), "zero"), images.flip(2, 3))


def test_a_turn_is_one_of_pixels_not_of_sides() -> None:
    image = torch.zeros(1, 1, 5, 9)
    image[..., 2, 6] = 100  # two to the right of the middle
    turned = warp(image, moves(1, angle=torch.tensor([pi / 2])), "zero")
    assert turned[0, 0, 4, 4].item() == pytest.approx(100, abs=0.01)  # two below it
    assert turned.sum().item() == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("fill", "row"),
    [("nearest", [10.0, 10, 10, 20]), ("reflect", [20.0, 10, 10, 20]), ("zero", [0.0, 0, 10, 20])],
)
def test_shift_by_whole_pixels(fill: str, row: list[float]) -> None:
    image = torch.tensor([[[[10.0, 20.0, 30.0, 40.0]]]])
    close(warp(image, moves(1, offset=torch.tensor([[2.0, 0.0]])), fill).flatten(), torch.tensor(row), 1e-3)


@pytest.mark.parametrize(
    ("fill", "row"),
    [("nearest", [10.0, 15, 25, 35]), ("reflect", [10.0, 15, 25, 35]), ("zero", [5.0, 15, 25, 35])],
)
def test_shift_by_half_a_pixel(fill: str, row: list[float]) -> None:
    image = torch.tensor([[[[10.0, 20.0, 30.0, 40.0]]]])
    close(warp(image, moves(1, offset=torch.tensor([[0.5, 0.0]])), fill).flatten(), torch.tensor(row), 1e-3)


def test_zoom_by_hand() -> None:
    image = torch.tensor([[[[10.0, 20.0, 30.0, 40.0]]]])
    larger, smaller = (warp(image, moves(1, factor=torch.tensor([x])), "zero").flatten() for x in (2.0, 0.5))
    close(larger, torch.tensor([17.5, 22.5, 27.5, 32.5]), 1e-3)
    close(smaller, torch.tensor([0.0, 15, 35, 0]), 1e-3)


@settings(max_examples=60, deadline=None)
@given(
    angle=st.floats(-180, 180),
    shear=st.floats(-60, 60),
    factor=st.floats(0.3, 2),
    offset=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_as_torchvision(
    angle: float, shear: float, factor: float, offset: tuple[float, float], size: tuple[int, int]
) -> None:
    image = torch.rand((1, 2, *size), generator=Generator().manual_seed(4)) * 255
    expected = vision.affine(image, angle, list(offset), factor, [shear, 0.0], InterpolationMode.BILINEAR)
    chosen = moves(
        1,
        angle=torch.tensor([angle * pi / 180]),
        shear=torch.tensor([shear * pi / 180]),
        factor=torch.tensor([factor]),
        offset=torch.tensor([offset]),
    )
    close(warp(image, chosen, "zero"), expected, 0.05)


@settings(max_examples=60, deadline=None)
@given(
    turned=st.tuples(st.floats(-3, 3), st.floats(-1, 1)),
    factors=st.tuples(st.floats(0.3, 2), st.sampled_from([-1, 1]), st.sampled_from([-1, 1])),
    offset=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    fill=st.sampled_from(sorted(SCIPY_MODES)),
)
def test_as_scipy(
    turned: tuple[float, float], factors: tuple[float, int, int], offset: tuple[float, float], size: tuple[int, int],
    fill: str,
) -> None:  # fmt: skip
    """Each step a matrix of its own, multiplied and inverted in double precision."""
    (angle, shear), (factor, *mirrored) = turned, factors
    image = np.random.default_rng(0).uniform(0, 255, size)
    height, width = size

    def shifted(x: float, y: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])

    middle = ((width - 1) / 2, (height - 1) / 2)
    turn = np.array([[cos(angle), -sin(angle), 0], [sin(angle), cos(angle), 0], [0, 0, 1]])
    slant = np.array([[1, -tan(shear), 0], [0, 1, 0], [0, 0, 1]])
    scale = np.diag([factor * mirrored[0], factor * mirrored[1], 1])
    forward = shifted(*middle) @ shifted(*offset) @ turn @ slant @ scale @ shifted(-middle[0], -middle[1])
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])  # SciPy's points are (row, column)
    expected = affine_transform(image, swap @ np.linalg.inv(forward) @ swap, order=1, mode=SCIPY_MODES[fill])

    chosen = moves(
        1,
        angle=torch.tensor([angle]),
        shear=torch.tensor([shear]),
        factor=torch.tensor([factor]),
        offset=torch.tensor([offset]),
        mirrored=torch.tensor([mirrored]),
    )
    moved = warp(torch.from_numpy(image).float()[None, None], chosen, fill)
    close(moved[0, 0].double(), torch.from_numpy(expected), 0.05)


def test_each_image_is_moved_on_its_own(noise: Draw) -> None:
    images = noise(5, 3, 6, 7).float()
    random = Generator().manual_seed(6)
    chosen = Moves(
        mirrored=2 * torch.randint(0, 2, (5, 2), generator=random) - 1,
        factor=torch.rand(5, generator=random) + 0.5,
        shear=torch.rand(5, generator=random),
        angle=torch.rand(5, generator=random),
        offset=torch.rand((5, 2), generator=random),
        corners=torch.tensor([[-0.8, -0.9], [0.7, -1.0], [1.0, 0.6], [-0.9, 1.0]]).expand(5, 4, 2),
    )
    together = warp(images, chosen, "reflect")
    for i in range(5):
        alone = Moves(**{name: value[i : i + 1] for name, value in vars(chosen).items()})
        close(together[i : i + 1], warp(images[i : i + 1], alone, "reflect"), 1e-3)


STRONG = Augmentation(rotation=30.0, shift=0.2, shear=40.0, zoom=0.3, crop=3)


def test_draws_are_uniform_and_as_documented(generator: Generator) -> None:
    images = torch.zeros((20_000, 1, 10, 40), dtype=torch.uint8)
    drawn = draw_moves(STRONG.replace(crop=0), images, generator)
    ranges = {
        "factor": (drawn.factor, 0.7, 1.3),
        "shear": (drawn.shear * 180 / pi, -40, 40),
        "angle": (drawn.angle * 180 / pi, -30, 30),
        "x": (drawn.offset[:, 0], -8, 8),
        "y": (drawn.offset[:, 1], -2, 2),
    }
    for name, (values, low, high) in ranges.items():
        assert low - 1e-4 <= values.min(), name
        assert values.max() <= high + 1e-4, name
        places = torch.linspace(0, 1, len(values))
        largest_gap = ((values.sort().values - low) / (high - low) - places).abs().max()
        assert largest_gap < 1.95 / len(values) ** 0.5, name  # Kolmogorov-Smirnov, one in a thousand
    together = torch.stack([values for values, _, _ in ranges.values()])
    correlation = torch.corrcoef(together) - torch.eye(5)
    assert correlation.abs().max() < 0.036  # five standard deviations


def test_a_crop_is_added_to_a_shift(generator: Generator) -> None:
    drawn = draw_moves(Augmentation(crop=3, rotation=1.0), torch.zeros(5000, 1, 8, 8), generator)
    counts = Counter(drawn.offset.flatten().tolist())
    assert sorted(counts) == [-3, -2, -1, 0, 1, 2, 3]
    assert min(counts.values()) > 1250  # of 10,000; 1429 each are expected, with a deviation of 35


def test_what_is_not_asked_for_does_not_happen(generator: Generator) -> None:
    drawn = draw_moves(Augmentation(rotation=90.0), torch.zeros(50, 1, 8, 8), generator)
    assert torch.all(drawn.mirrored == 1)
    assert torch.all(drawn.factor == 1)
    assert torch.all(drawn.shear == 0)
    assert torch.all(drawn.offset == 0)
    assert drawn.corners is None
