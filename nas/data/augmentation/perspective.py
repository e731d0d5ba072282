"""The view of an image as of a board that is turned away from the camera."""

import torch
from torch import Generator, Tensor

_ALWAYS_CONVEX = 0.65
"""Corners that move inwards by less than 2/3 of half the side each stay corners of a convex shape."""


def draw_corners(strength: float, count: int, generator: Generator, device: torch.device) -> Tensor:
    """Where the corners of an image from -1 to 1 come to lie, as x and y: (N, 4, 2), clockwise from the upper left.

    Each moves inwards by up to `strength` in x and in y; all of an image by less where one would pass the line between
    its neighbours, which no view of a flat board shows.
    """
    inwards = strength * torch.rand((count, 4, 2), generator=generator, device=device)
    less = inwards * min(1.0, _ALWAYS_CONVEX / strength)
    convex = _is_convex(_corners(inwards))
    return _corners(torch.where(convex[:, None, None], inwards, less))


def to_source(corners: Tensor, half_width: float, half_height: float) -> tuple[tuple[Tensor, ...], ...]:
    """Homographies that take a picture whose corners lie there back to the image: 3 rows of 3 entries, each (N).

    Points are in pixels from the middle; the third coordinate is 1 there.
    Source: the closed form of square to quadrilateral by Heckbert (1989, "Fundamentals of Texture Mapping and Image
    Warping", section 2.2.3), multiplied by its denominator, with the adjugate as its inverse.
    """
    (x0, x1, x2, x3), (y0, y1, y2, y3) = (axis.unbind(dim=1) for axis in corners.unbind(dim=2))
    dx1, dx2, dx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    i = dx1 * dy2 - dx2 * dy1
    g, h = dx * dy2 - dx2 * dy, dx1 * dy - dx * dy1
    a, b, c = (x1 - x0) * i + g * x1, (x3 - x0) * i + h * x3, x0 * i
    d, e, f = (y1 - y0) * i + g * y1, (y3 - y0) * i + h * y3, y0 * i
    u = (e * i - f * h, c * h - b * i, b * f - c * e)
    v = (f * g - d * i, a * i - c * g, c * d - a * f)
    w = (d * h - e * g, b * g - a * h, a * e - b * d)
    sides, middle = (half_width, half_height, 1.0), w[2]
    x = tuple((2 * p - r) * (half_width / side) / middle for p, r, side in zip(u, w, sides, strict=True))
    y = tuple((2 * q - r) * (half_height / side) / middle for q, r, side in zip(v, w, sides, strict=True))
    return x, y, tuple(r / side / middle for r, side in zip(w, sides, strict=True))


def _corners(inwards: Tensor) -> Tensor:
    x, y = (1 - inwards).unbind(dim=2)
    left, right, upper, lower = (-1, 1, -1, 1)
    signs_x, signs_y = (left, right, right, left), (upper, upper, lower, lower)
    points = [torch.stack((signs_x[i] * x[:, i], signs_y[i] * y[:, i]), dim=1) for i in range(4)]
    return torch.stack(points, dim=1)


def _is_convex(corners: Tensor) -> Tensor:
    """Whether one turns to the right at every corner (N)."""
    sides = corners.roll(-1, dims=1) - corners
    following = sides.roll(-1, dims=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    return (turns > 0).all(dim=1)
