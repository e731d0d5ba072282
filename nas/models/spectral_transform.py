"""From maps and kernels to products of numbers, and back: the matrices of a convolution in the frequency domain.

A convolution that keeps a map's size is a circular one over the map and half a kernel of zeros. There the discrete
Fourier transform turns it into one complex product a frequency. Of real numbers half the frequencies say all, and a
complex product takes three real ones, so all in all it is y = back @ ((maps @ x) * (kernel @ w)) with constant real
matrices: a bilinear algorithm. See Winograd, "Arithmetic Complexity of Computations", 1980, for their theory.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

Sides = tuple[int, int]
"""Height and width."""
_TURNS = (0.0, math.pi / 3, 2 * math.pi / 3)
"""A complex product from the products of three projections: Re(z conj(w)) drops out of them if they are a third of a
half turn apart. The usual three (of Karatsuba: real, imaginary, their sum) enlarge rounding errors by a half."""
_GRID = torch.linspace(1, 2, 2**11 + 1, dtype=torch.float64, device="cpu")[:-1]
_TRIED = 128


class Transform(NamedTuple):
    """The matrices for one size of maps and kernels, in one number format. P: `products`, K: kernel pixels, M: map
    pixels. maps: [P, M]. kernel: [P, K]. back: [M, P + 1], its last column is of ones, for the bias.
    """

    maps: Tensor
    kernel: Tensor
    back: Tensor


def met_sides(maps: Sides, kernel: Sides) -> Sides:
    """Height and width of the middle of an (odd) kernel that meets pixels of the map; the rest sees only zeros."""
    height, width = (min(size, 2 * side - 1) for side, size in zip(maps, kernel, strict=True))
    return height, width


def circular_sides(maps: Sides, kernel: Sides) -> Sides:
    """Height and width of the smallest circular convolution that has the one of `maps` in it: what leaves the map on
    one side must not come back on the other. kernel: as `met_sides` gives it.
    """
    height, width = (side + size // 2 for side, size in zip(maps, kernel, strict=True))
    return height, width


def products(maps: Sides, kernel: Sides) -> int:
    """How many products of two real numbers a convolution takes, for one map in and one out.

    One where a frequency is its own negative, three for each other pair of frequencies.
    """
    height, width = circular_sides(maps, kernel)
    alone = (2 - height % 2) * (2 - width % 2)
    return alone + 3 * (height * width - alone) // 2


@lru_cache(maxsize=64)
def transform(maps: Sides, kernel: Sides, dtype: torch.dtype) -> Transform:
    """The matrices for maps and kernels (as `met_sides` gives them) of these sides, on the CPU."""
    with torch.inference_mode(False), torch.no_grad():
        exact = _exact(maps, kernel)
        return Transform(*(matrix.to(dtype) for matrix in exact))


def _exact(maps: Sides, kernel: Sides) -> Transform:
    """In float64, scaled so that little is lost where they are rounded to bfloat16."""
    around = circular_sides(maps, kernel)
    alone, paired = _frequencies(around)
    pixels = _pixels(maps, (0, 0))
    taps = _pixels(kernel, (kernel[0] // 2, kernel[1] // 2))
    forward, weights, back = [], [], []
    for frequencies, turns in ((alone, _TURNS[:1]), (paired, _TURNS)):
        seen, kernels = (2 * math.pi * frequencies @ places.double().T for places in (pixels, taps))
        for turn in turns:
            forward.append((seen - turn).cos())
            weights.append((kernels + turn).cos())
            back.append((seen - 2 * turn).cos() * (1 if frequencies is paired else _SELF))
    first, second, third = _scales(torch.cat(forward), 8 / 3 / (around[0] * around[1]))
    ones = torch.ones(len(pixels), 1, dtype=torch.float64)
    return Transform(
        torch.cat(forward) * first, torch.cat(weights) * second, torch.cat([torch.cat(back).T * third, ones], dim=1)
    )


_SELF = 3 / 8
"""What a frequency that is its own negative counts in the way back, beside one of three projections of a pair."""


def _frequencies(around: Sides) -> tuple[Tensor, Tensor]:
    """Turns a pixel [F, 2] of the frequencies that are their own negatives, and of one of each other pair."""
    numbers = _pixels(around, (0, 0))
    negatives = -numbers % torch.tensor(around)
    rank, negative_rank = (pairs @ torch.tensor([around[1], 1]) for pairs in (numbers, negatives))
    turns = numbers / torch.tensor(around, dtype=torch.float64)
    return turns[rank == negative_rank], turns[rank < negative_rank]


def _pixels(sides: Sides, origin: Sides) -> Tensor:
    """Rows and columns [height x width, 2] of all pixels, row by row, seen from one of them."""
    rows, columns = (torch.arange(side) - start for side, start in zip(sides, origin, strict=True))
    return torch.cartesian_prod(rows, columns).view(-1, 2)


def _scales(cosines: Tensor, product: float) -> tuple[float, float, float]:
    """Factors of the three matrices, of this product, for which bfloat16 comes closest to their entries.

    These are the cosines of a few angles, hit with a common factor four times as closely as without, in the mean.
    """
    entries, counts = ((cosines.abs() * 2**30).round() / 2**30).unique(return_counts=True)  # type: ignore[no-untyped-call]
    share = counts / counts.sum()
    best = _GRID[_loss(_GRID, entries, share).argsort(stable=True)[:_TRIED]]
    alone = _loss(best, entries, share)
    third = product / (best[:, None] * best)
    ends = _loss(third, torch.tensor([_SELF]), torch.ones(1)) / 4
    first, second = divmod(int((alone[:, None] + alone + _loss(third, entries, share) + ends).argmin()), len(best))
    return float(best[first]), float(best[second]), float(third[first, second])


def _loss(factors: Tensor, entries: Tensor, share: Tensor) -> Tensor:
    """Mean square of what rounding the entries times a factor costs, as shares of that factor, for each factor.
    share: of all entries, that are this one.
    """
    scaled = factors[..., None] * entries
    return (((scaled.bfloat16().double() - scaled) / factors[..., None]).square() * share).sum(-1)
