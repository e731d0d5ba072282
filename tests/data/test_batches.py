import pytest
import torch

from nas.data.batches import batches
from nas.data.splits import Images


def images(count: int) -> Images:
    pixels = torch.arange(count * 12, dtype=torch.uint8).reshape(count, 3, 2, 2)
    return Images(pixels, torch.arange(count))


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (10, 4, [4, 4, 2]),
        (8, 4, [4, 4]),
        (9, 4, [4, 5]),  # one left over joins the batch before
        (3, 5, [3]),
        (1, 5, [1]),
        (3, 1, [1, 1, 1]),
        (3, 2, [3]),
        (0, 4, []),
    ],
)
def test_sizes(count: int, size: int, sizes: list[int]) -> None:
    some = images(count)
    for order in (None, torch.arange(count)):
        assert [len(labels) for _, labels in batches(some, size, order)] == sizes


def test_order_decides() -> None:
    some = images(10)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    pixels, labels = (torch.cat(parts) for parts in zip(*batches(some, 3, order), strict=True))
    assert torch.equal(labels, order)
    assert torch.equal(pixels, some.pixels[order])


def test_a_subset_as_order() -> None:
    assert [labels.tolist() for _, labels in batches(images(10), 2, torch.tensor([7, 1, 4, 4]))] == [[7, 1], [4, 4]]


def test_without_order_nothing_is_copied() -> None:
    some = images(10)
    pixels, _ = list(batches(some, 5))[1]
    assert pixels.data_ptr() == some.pixels[5:].data_ptr()


def test_images_in_several_places_of_a_store() -> None:
    stored = torch.arange(40, dtype=torch.uint8).reshape(10, 1, 2, 2)
    some = Images(stored, torch.tensor([30, 31, 32]), torch.tensor([8, 2, 5]))
    assert some.pixels[:, 0, 0, 0].tolist() == [32, 8, 20]
    assert [pixels[:, 0, 0, 0].tolist() for pixels, _ in batches(some, 2, torch.tensor([2, 0]))] == [[20, 32]]
    assert (some.shape, len(some)) == ((1, 2, 2), 3)


def test_taking_copies_no_pixels() -> None:
    some = images(10)
    few = some.take(torch.tensor([7, 1, 4])).take(torch.tensor([2, 0]))
    assert few.stored is some.stored
    assert few.labels.tolist() == [4, 7]
    assert torch.equal(few.pixels, some.pixels[[4, 7]])
