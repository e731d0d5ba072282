"""Fewer items of every part and class: for trying things out."""

import numpy as np
from numpy.typing import NDArray

from nas.data.part import Part
from nas.data.parts import ImageTable, Parts, draw_keys


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
    wanted = _quotas(sizes, limit)
    order = np.lexsort((draw_keys(table.contents, seed), strata))
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[strata[order]]
    kept = np.full_like(parts, Part.NONE)
    chosen = order[place < wanted[strata[order]]]
    kept[chosen] = parts[chosen]
    return kept


def _quotas(sizes: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """How many each stratum keeps: `limit` in proportion by largest remainders, but at least one of what is there."""
    exact = sizes * limit / sizes.sum()
    quotas: NDArray[np.int64] = np.maximum(np.floor(exact).astype(np.int64), np.minimum(sizes, 1))
    quotas[np.argsort(quotas - exact, kind="stable")[: max(0, limit - int(quotas.sum()))]] += 1
    while quotas.sum() > limit and quotas.max() > 1:  # those raised to one are paid for by the next largest
        quotas[np.argmax(np.where(quotas > 1, quotas - exact, -np.inf))] -= 1
    return quotas
