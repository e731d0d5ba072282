import ctypes
import mmap
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nas.data import stream
from nas.data.batches import batches
from nas.data.splits import Images
from nas.data.stream import ahead, will_need

DTYPES = [torch.uint8, torch.float32, torch.bfloat16]


@st.composite
def some_images(draw: st.DrawFn) -> tuple[Images, Tensor]:
    """Images and, made without them, what their pixels are."""
    stored, shape = draw(st.integers(1, 40)), draw(st.sampled_from([(1, 1, 1), (3, 2, 2), (5,), (2, 3, 1)]))
    random = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    pixels = torch.randint(0, 256, (stored, *shape), generator=random).to(draw(st.sampled_from(DTYPES)))
    if not draw(st.booleans()):
        return Images(pixels, torch.arange(stored)), pixels
    rows = draw(st.lists(st.integers(0, stored - 1), max_size=60))
    expected = torch.stack([pixels[row] for row in rows]) if rows else pixels[:0]
    return Images(pixels, torch.arange(len(rows)), torch.tensor(rows, dtype=torch.int64)), expected


@given(some_images(), st.integers(1, 20), st.data())
def test_streamed_batches_are_the_same_bit_for_bit(
    case: tuple[Images, Tensor], size: int, choice: st.DataObject
) -> None:
    images, expected = case
    numbers = st.lists(st.integers(0, len(images) - 1), max_size=50) if len(images) else st.just([])
    indices = choice.draw(st.none() | numbers)
    order = None if indices is None else torch.tensor(indices, dtype=torch.int64)
    plain = list(batches(images, size, order))
    streamed = list(batches(replace(images, streamed=True), size, order))
    assert len(plain) == len(streamed)
    for (pixels, labels), (others, their_labels) in zip(plain, streamed, strict=True):
        assert torch.equal(pixels, others)
        assert torch.equal(labels, their_labels)
        assert pixels.dtype == others.dtype == images.stored.dtype
        assert np.array_equal(pixels.float().numpy(), np.stack([expected[label].float().numpy() for label in labels]))
    seen = [label for _, labels in streamed for label in labels.tolist()]
    assert seen == (list(range(len(images))) if indices is None else indices)


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("nas-read-ahead")]


def numbered(count: int) -> Images:
    return Images(torch.arange(count).view(count, 1, 1, 1), torch.arange(count), streamed=True)


def test_the_thread_ends_with_the_batches() -> None:
    running = batches(numbered(100), 2, torch.arange(100))
    next(running)
    assert len(readers()) == 1
    assert len(list(running)) == 49
    assert not readers()


def test_the_thread_ends_when_the_batches_are_closed() -> None:
    running = batches(numbered(100), 2, torch.arange(100))
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not readers()


def test_the_thread_ends_when_the_loop_fails() -> None:
    def loop() -> None:
        for _, labels in batches(numbered(100), 2):
            if 5 in labels:
                raise ArithmeticError

    with pytest.raises(ArithmeticError):
        loop()
    assert not readers()


def test_an_error_of_the_thread_reaches_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_later(pixels: Tensor, rows: Tensor | None, span: tuple[int, int]) -> Tensor:
        if span[0] >= 4:
            raise OSError("the disk is gone")
        return pixels[span[0] : span[1]]

    monkeypatch.setattr(stream, "gather", fails_later)
    running = batches(numbered(20), 2)
    assert [next(running)[1].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(OSError, match="the disk is gone"):
        next(running)
    assert not readers()


def test_the_next_ones_are_made_while_one_is_in_use_and_no_more() -> None:
    made = [threading.Event() for _ in range(10)]

    def work(number: int) -> threading.Thread:
        made[number].set()
        return threading.current_thread()

    running = ahead(work, range(10), most=2)
    assert next(running) is not threading.current_thread()
    assert all(event.wait(60) for event in made[:3])
    running.close()
    assert not any(event.is_set() for event in made[3:])


class Advised:
    """Keeps what `madvise` was asked for."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    def madvise(self, start: ctypes.c_void_p, length: ctypes.c_size_t, advice: int) -> int:
        assert advice == mmap.MADV_WILLNEED
        assert start.value is not None
        assert start.value % mmap.PAGESIZE == 0
        self.ranges.append((start.value, start.value + length.value))
        return 0


@pytest.fixture
def advised(monkeypatch: pytest.MonkeyPatch) -> Advised:
    recorder = Advised()
    monkeypatch.setattr(stream, "_libc", recorder)
    return recorder


def test_the_system_is_told_of_the_pages_of_each_row(advised: Advised) -> None:
    pixels = torch.zeros((50, 3, 20, 20), dtype=torch.uint8)
    will_need(pixels, torch.tensor([7, 49, 0, 3]), (1, 4))
    assert len(advised.ranges) == 3
    for (first, end), row in zip(advised.ranges, (49, 0, 3), strict=True):
        start = pixels[row].data_ptr()
        assert start - mmap.PAGESIZE < first <= start
        assert end == start + 1200


def test_neighbours_are_asked_for_together(advised: Advised) -> None:
    pixels = torch.zeros((50, 3, 20, 20))
    will_need(pixels, None, (10, 30))
    ((first, end),) = advised.ranges
    assert pixels[10].data_ptr() - mmap.PAGESIZE < first <= pixels[10].data_ptr()
    assert end == pixels[30].data_ptr()


@pytest.mark.parametrize("order", [None, torch.randperm(20)])
def test_every_batch_is_asked_for_once(order: Tensor | None, advised: Advised) -> None:
    asked = []
    real = stream.will_need

    def recording(pixels: Tensor, rows: Tensor | None, span: tuple[int, int]) -> None:
        asked.append(span)
        real(pixels, rows, span)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "will_need", recording)
        list(batches(numbered(20), 4, order))
    assert asked == [(0, 4), (4, 8), (8, 12), (12, 16), (16, 20)]
    assert len(advised.ranges) == (5 if order is None else 20)


def test_what_lies_in_memory_may_be_asked_for() -> None:
    pixels = torch.arange(40, dtype=torch.uint8).view(10, 4)
    will_need(pixels, torch.tensor([9, 0]), (0, 2))
    will_need(pixels[:0], None, (0, 0))
    assert pixels.flatten().tolist() == list(range(40))
