"""Fewer items of every part and class: for trying things out."""

import hashlib
import os
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nas.config import ImageFolder
from nas.data.folders import Listing
from nas.data.part import Part, part_shares
from nas.data.parts import Contents, ImageTable, Parts, draw_keys

_SPARE = 2
"""Of a small class so many times what its parts need: some of its images may be the same."""


def limited(table: ImageTable, parts: Parts, limit: int | None, seed: int) -> Parts:
    """The parts (N) with all but about `limit` items set to NONE: so many, or one of each class in each part.

    Every class keeps its share of each part, rounded, and at least one item; which ones depends on the seed and on
    their content alone.
    """
    if limit is None or limit >= len(parts):
        return parts
    classes = len(table.class_names)
    strata = parts.astype(np.int64) * classes + table.labels
    sizes = np.bincount(strata, minlength=(Part.TEST + 1) * classes)
    kept = np.full_like(parts, Part.NONE)
    chosen = _first(draw_keys(table.contents, seed), strata, _quotas(sizes, limit))
    kept[chosen] = parts[chosen]
    return kept


def limited_files(listing: Listing, data: ImageFolder) -> Listing:
    """The listing with about `data.limit` files: what would be decoded for nothing is left out before.

    Each class keeps its share of each folder, and enough for every part that it is split into; which files depends on
    their names alone.
    """
    files = listing.files
    if data.limit is None or data.limit >= len(files):
        return listing
    classes = len(listing.class_names)
    parts = np.array([file.part for file in files], np.int64)
    strata = parts * classes + np.array([file.label for file in files], np.int64)
    sizes = np.bincount(strata, minlength=(Part.TEST + 1) * classes)
    split_into = 1 + len(part_shares(data, np.unique(parts).tolist()))
    least = np.repeat([split_into if part <= Part.TRAIN else 1 for part in range(Part.TEST + 1)], classes) * _SPARE
    wanted = np.maximum(_quotas(sizes, data.limit), np.minimum(least, sizes))
    hashes = b"".join(hashlib.blake2b(os.fsencode(name), digest_size=8).digest() for name in listing.names)
    chosen = np.sort(_first(np.frombuffer(hashes, "<u8"), strata, wanted))
    return replace(listing, files=tuple(files[place] for place in chosen))


def _first(keys: Contents, strata: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of the `wanted` items of each stratum with the smallest keys."""
    order = np.lexsort((keys, strata))
    sizes = np.bincount(strata, minlength=len(wanted))
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[strata[order]]
    chosen: NDArray[np.int64] = order[rank < wanted[strata[order]]]
    return chosen


def _quotas(sizes: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """How many each stratum keeps: `limit` in proportion by largest remainders, but at least one of what is there."""
    exact = sizes * limit / sizes.sum()
    quotas: NDArray[np.int64] = np.maximum(np.floor(exact).astype(np.int64), np.minimum(sizes, 1))
    quotas[np.argsort(quotas - exact, kind="stable")[: max(0, limit - int(quotas.sum()))]] += 1
    while quotas.sum() > limit and quotas.max() > 1:  # those raised to one are paid for by the next largest
        quotas[np.argmax(np.where(quotas > 1, quotas - exact, -np.inf))] -= 1
    return quotas
