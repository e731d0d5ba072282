"""Batches by indexing: the images are in memory already."""

from collections.abc import Iterator

from torch import Tensor

from nas.data.splits import Images


def batches(images: Images, size: int, order: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in batches of `size`: pixels (uint8; n, C, H, W) and labels (int64; n), on the images' device.

    order: indices of images (int64), usually a permutation; None takes them as they lie, without a copy.
    The last batch may be smaller. A single image left over joins the batch before: batch norm cannot train on one.
    """
    count = len(images) if order is None else len(order)
    start = 0
    while start < count:
        stop = count if count - start <= size or (count - start == size + 1 and size > 1) else start + size
        if order is None:
            yield images.pixels[start:stop], images.labels[start:stop]
        else:
            chosen = order[start:stop]
            yield images.pixels[chosen], images.labels[chosen]
        start = stop
