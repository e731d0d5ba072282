"""Batches by indexing: no image is decoded or copied before it is its turn."""

from collections.abc import Generator, Iterator
from contextlib import closing

from torch import Tensor

from nas.data.splits import Images
from nas.data.stream import Span, gather, stream


def batches(images: Images, size: int, order: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in batches of `size`: pixels (uint8; n, C, H, W) and labels (int64; n), on the images' device.

    order: indices of images (int64, on any device), usually a permutation; None takes them as they lie.
    The last batch may be smaller. A single image left over joins the batch before: batch norm cannot train on one.
    """
    chosen = images if order is None else images.take(order)
    spans = list(_spans(len(chosen), size))
    with closing(_gathered(chosen, spans)) as gathered:
        for (start, stop), pixels in zip(spans, gathered, strict=True):
            yield pixels, chosen.labels[start:stop]


def _gathered(images: Images, spans: list[Span]) -> Generator[Tensor]:
    if images.streamed:
        return stream(images.stored, images.rows, spans, images.device)
    return (gather(images.stored, images.rows, span) for span in spans)


def _spans(count: int, size: int) -> Iterator[Span]:
    start = 0
    while start < count:
        stop = count if count - start <= size or (count - start == size + 1 and size > 1) else start + size
        yield start, stop
        start = stop
