"""Batches gathered by a thread ahead of their use, for data that does not fit where it is used."""

import ctypes
import mmap
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import torch
from torch import Tensor

AHEAD = 2
"""Batches that are ready, or being made ready, while one is in use."""

Span = tuple[int, int]
"""The place of a batch's first image in the order of an epoch, and the place behind its last."""
Finish = Callable[[], Tensor]

_MOST_ADVISED = 2**17
"""Bytes to ask the system for at once: Linux reads as many of them as it reads ahead, and passes over the others."""

T = TypeVar("T")
_libc = ctypes.CDLL(None) if os.name == "posix" else None


def stream(pixels: Tensor, rows: Tensor | None, spans: Sequence[Span], device: torch.device) -> Generator[Tensor]:
    """For each of the spans what `gather` gives, on `device`.

    pixels: on the CPU. The thread ends with this generator: at its end, when it is closed, and when gathering raises,
    which this raises too.
    """
    make: Callable[[Tensor, Tensor | None, Span], Finish] = _Card(device) if device.type == "cuda" else _in_memory

    def ready(number: int) -> Finish:
        for upcoming in spans[number and number + 1 : number + 2]:  # the first has nobody to ask for it in time
            will_need(pixels, rows, upcoming)
        return make(pixels, rows, spans[number])

    with closing(ahead(ready, range(len(spans)))) as finishes:
        for finish in finishes:
            yield finish()


def gather(pixels: Tensor, rows: Tensor | None, span: Span) -> Tensor:
    """The pixels of rows[start:stop], copied; where rows is None those from start to stop, which are not copied."""
    start, stop = span
    # copies whole rows, in a fifth of the time that pixels[rows] takes for its single bytes
    return pixels[start:stop] if rows is None else pixels.index_select(0, rows[start:stop])


def ahead(work: Callable[[int], T], items: Iterable[int], most: int = AHEAD) -> Generator[T]:
    """The results of `work` for each item in their order, from a thread that is at most so many items ahead."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(1, "nas-read-ahead") as thread:
        try:
            for item in items:
                waiting.append(thread.submit(work, item))
                if len(waiting) > most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def will_need(pixels: Tensor, rows: Tensor | None, span: Span) -> None:
    """Have the system read what `gather` will take from its disk, all at once, without waiting for it.

    Otherwise each row is waited for in its turn.
    """
    if _libc is None or not pixels.nbytes:
        return
    start, stop = span
    size, base = pixels[0].nbytes, pixels.data_ptr()
    pieces = [(start, stop)] if rows is None else [(row, row + 1) for row in rows[start:stop].tolist()]
    for first, end in pieces:
        page = (base + first * size) // mmap.PAGESIZE * mmap.PAGESIZE
        for begin in range(page, base + end * size, _MOST_ADVISED):
            length = min(_MOST_ADVISED, base + end * size - begin)
            _libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(length), mmap.MADV_WILLNEED)


def _in_memory(pixels: Tensor, rows: Tensor | None, span: Span) -> Finish:
    batch = gather(pixels, rows, span)
    return lambda: batch


class _Card:
    """Copies batches to a card in a stream of its own, beside what is computed there."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.stream = device, torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __call__(self, pixels: Tensor, rows: Tensor | None, span: Span) -> Finish:
        start, stop = span
        pinned = torch.empty((stop - start, *pixels.shape[1:]), dtype=pixels.dtype, pin_memory=True)
        if rows is None:
            pinned.copy_(pixels[start:stop])
        else:
            torch.index_select(pixels, 0, rows[start:stop], out=pinned)
        with torch.cuda.stream(self.stream):
            batch = pinned.to(self.device, non_blocking=True)
            copied = self.stream.record_event()

        def finish() -> Tensor:
            user = torch.cuda.current_stream(self.device)
            user.wait_event(copied)
            batch.record_stream(user)
            return batch

        return finish
