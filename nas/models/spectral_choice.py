"""Whether a convolution is worth doing in the frequency domain: a fixed rule of sizes."""

from functools import lru_cache
from typing import NamedTuple

import torch

from nas.models.spectral_transform import Sides, met_sides, products

MARGIN = 1.15
"""How much shorter the spectral way must be by estimate: those are a fifth off, and processors differ."""
FEWEST = 16
"""Channels and filters below which the transforms cost more than they save, and all estimates are far off."""


class Sizes(NamedTuple):
    """Of one convolution. maps, kernel: height and width."""

    images: int
    channels: int
    filters: int
    maps: Sides
    kernel: Sides


class _Rates(NamedTuple):
    """Nanoseconds. Of the direct way: for one multiplication with its addition, and for each weight. Of the spectral
    one: for a multiplication of spectra, of the transform of maps, of that of weights, and for each number of the
    transformed weights. Of both: for each call beside all that.
    """

    direct: float
    direct_weight: float
    product: float
    maps: float
    kernel: float
    weight: float
    direct_call: float
    call: float


_HALF = {
    False: _Rates(0.0099, 1.23, 0.0181, 0.0097, 0.0119, 0.672, 128e3, 258e3),
    True: _Rates(0.0322, 6.50, 0.0559, 0.0201, 0.0220, 1.214, 300e3, 748e3),
}
_FULL = {
    False: _Rates(0.0194, 2.18, 0.0415, 0.0241, 0.0408, 0.629, 128e3, 110e3),
    True: _Rates(0.0634, 8.52, 0.1142, 0.0495, 0.1076, 1.644, 351e3, 338e3),
}
"""By whether gradients are wanted too. Fitted to the times of at least 104 sizes (maps of 2 to 16 pixels, kernels of
3 to 9, 32 to 256 channels, 32 and 128 images) on one core of a Zen 4 processor; only their ratios matter."""


@lru_cache(maxsize=1024)
def pays(sizes: Sizes, dtype: torch.dtype, *, learns: bool) -> bool:
    """Whether the spectral way is the shorter one, by `MARGIN`, for a convolution that keeps its maps' size.

    learns: whether its gradients are computed too. The direct way skips what a kernel has beyond the map's edge.
    """
    if min(sizes.channels, sizes.filters) < FEWEST:
        return False
    rates = (_HALF if dtype == torch.bfloat16 else _FULL)[learns]
    images, channels, filters, maps, kernel = sizes
    pixels = maps[0] * maps[1]
    pairs = channels * filters
    met = met_sides(maps, kernel)
    number = products(maps, met)
    meetings = _meetings(maps[0], kernel[0]) * _meetings(maps[1], kernel[1])
    of_weights = rates.direct_weight * kernel[0] * kernel[1]
    direct = rates.direct_call + pairs * (rates.direct * images * meetings + of_weights)
    spectral = rates.call + number * (
        rates.product * images * pairs
        + rates.maps * images * (channels + filters) * pixels
        + (rates.kernel * met[0] * met[1] + rates.weight) * pairs
    )
    return spectral * MARGIN < direct


def _meetings(side: int, size: int) -> int:
    """How often a number of a kernel meets a pixel, along one side of a map."""
    reach = min(size // 2, side - 1)
    return side * (2 * reach + 1) - reach * (reach + 1)
