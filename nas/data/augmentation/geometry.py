"""Where each pixel of an augmented image comes from: one sampling grid for all geometric changes.

Points are (x, y) in pixels from the middle of the image, x to the right, y downwards.
"""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from nas.config import Augmentation
from nas.data.augmentation.exact import cut_out
from nas.data.augmentation.perspective import draw_corners, to_source

Matrix = tuple[tuple[Tensor, ...], ...]
"""3 rows of 3 entries, each with a value for every image (N). Kept apart: products of float32 matrices may be rounded
to fewer bits on a GPU, and a coordinate must not."""

_PADDING = {"nearest": "border", "reflect": "reflection", "zero": "zeros"}
_WHITE = 255.0
_HORIZON = 1e-3
"""As far as where a pixel lies behind the eye: its place is then far outside of the image."""


@dataclass(frozen=True)
class Moves:
    """What happens to each image, in this order: mirrored, enlarged, sheared, turned, shifted, seen in perspective.

    mirrored: -1 or 1 for x and y (N, 2). factor: of the size (N). shear, angle: in radians, clockwise (N).
    offset: in pixels, to the right and downwards (N, 2). corners: where the corners come to lie (N, 4, 2), clockwise
    from the upper left in units of half the sides; None leaves them.
    """

    mirrored: Tensor
    factor: Tensor
    shear: Tensor
    angle: Tensor
    offset: Tensor
    corners: Tensor | None = None


def move(config: Augmentation, pixels: Tensor, generator: Generator) -> Tensor:
    """The images (uint8; N, C, H, W), each moved at random: float32 in [0, 255].

    Where nothing but flips and crops is asked for, pixels are moved exactly; else they are interpolated bilinearly.
    """
    if config.rotation or config.shift or config.shear or config.zoom or config.perspective:
        return warp(pixels.float(), draw_moves(config, pixels, generator), config.fill)
    if config.flip != "none" or config.crop:
        mirrored = _draw_mirrored(config.flip, len(pixels), generator, pixels.device)
        offset = _draw_crop(config.crop, len(pixels), generator, pixels.device)
        return cut_out(pixels, mirrored, offset, config.fill)
    return pixels.float()


def draw_moves(config: Augmentation, images: Tensor, generator: Generator) -> Moves:
    """Moves for each of the images (N, C, H, W), as strong as `config` says."""
    count, _, height, width = images.shape
    device = images.device
    draws = 2 * torch.rand((5, count), generator=generator, device=device) - 1
    zoom, shear, angle, shift_x, shift_y = draws.unbind()
    shift = torch.stack((shift_x * (config.shift * width), shift_y * (config.shift * height)), dim=1)
    return Moves(
        mirrored=_draw_mirrored(config.flip, count, generator, device),
        factor=1 + zoom * config.zoom,
        shear=shear * (config.shear * pi / 180),
        angle=angle * (config.rotation * pi / 180),
        offset=shift + _draw_crop(config.crop, count, generator, device),
        corners=draw_corners(config.perspective, count, generator, device) if config.perspective else None,
    )


def _draw_mirrored(flip: str, count: int, generator: Generator, device: torch.device) -> Tensor:
    signs = 2 * torch.randint(0, 2, (count, 2), generator=generator, device=device) - 1
    if flip in ("none", "vertical"):
        signs[:, 0] = 1
    if flip in ("none", "horizontal"):
        signs[:, 1] = 1
    return signs


def _draw_crop(crop: int, count: int, generator: Generator, device: torch.device) -> Tensor:
    """How far what is cut out lies from the middle of the enlarged image, as a shift of its content."""
    return torch.randint(-crop, crop + 1, (count, 2), generator=generator, device=device)


def warp(images: Tensor, moves: Moves, fill: str) -> Tensor:
    """The images (float; N, C, H, W) moved, interpolated bilinearly; `fill` is what comes in from outside."""
    height, width = images.shape[2:]
    matrix = _affine_source(moves)
    if moves.corners is not None:
        matrix = _product(matrix, to_source(moves.corners, width / 2, height / 2))
    grid = images.new_empty(len(images), height, width, 2)
    for row, side, coordinate in zip(matrix, (width, height), grid.unbind(dim=3), strict=False):
        _plane(tuple(entry * (2 / side) for entry in row), coordinate)
    if moves.corners is not None:
        grid /= _plane(matrix[2], torch.empty_like(grid[..., 0])).clamp_(min=_HORIZON).unsqueeze(3)
    moved = grid_sample(images, grid, mode="bilinear", padding_mode=_PADDING[fill], align_corners=False)
    return moved.clamp_(0, _WHITE)  # rounding may leave it by a hair


def _affine_source(moves: Moves) -> Matrix:
    """From a point of the moved image to that of the old one.

    The inverse of offset + R(angle) [[1, -tan(shear)], [0, 1]] factor mirrored, the affine map of
    `torchvision.transforms.v2.functional.affine` with a shear along x.
    """
    cos, sin, tan = moves.angle.cos(), moves.angle.sin(), moves.shear.tan()
    (mirrored_x, mirrored_y), (to_right, down) = moves.mirrored.unbind(dim=1), moves.offset.unbind(dim=1)
    scale_x, scale_y = mirrored_x / moves.factor, mirrored_y / moves.factor
    a, b = (cos - tan * sin) * scale_x, (sin + tan * cos) * scale_x
    c, d = -sin * scale_y, cos * scale_y
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return (a, b, -a * to_right - b * down), (c, d, -c * to_right - d * down), (zero, zero, one)


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = tuple(zip(*right, strict=True))
    return tuple(tuple(r[0] * c[0] + r[1] * c[1] + r[2] * c[2] for c in columns) for r in left)


def _plane(row: tuple[Tensor, ...], plane: Tensor) -> Tensor:
    """Fill `plane` with one coordinate of the source of every pixel (N, H, W): row[0] x + row[1] y + row[2]."""
    height, width = plane.shape[1:]
    x = torch.arange(width, device=plane.device) - (width - 1) / 2
    y = torch.arange(height, device=plane.device) - (height - 1) / 2
    along_x = row[0][:, None] * x + row[2][:, None]
    return torch.add(along_x[:, None, :], (row[1][:, None] * y)[:, :, None], out=plane)
