import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from nas.data.sheet import sheet


def plain(count: int, channels: int = 3, height: int = 8, width: int = 8) -> Tensor:
    """Images of one value each: 10, 20, 30, ..."""
    values = 10 * torch.arange(1, count + 1, dtype=torch.uint8)
    return values.view(-1, 1, 1, 1).expand(count, channels, height, width)


def values_in(image: Image.Image) -> dict[int, int]:
    """How many grey pixels of each value there are."""
    values, counts = np.unique(np.asarray(image.convert("L")), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_is_there_in_reading_order(channels: int) -> None:
    paper = sheet(plain(5, channels), columns=2, side=16)
    found = values_in(paper)
    assert [found[10 * number] for number in range(1, 6)] == [256] * 5
    places = [np.argwhere(np.asarray(paper.convert("L")) == 10 * number)[0].tolist() for number in range(1, 6)]
    assert places == sorted(places)
    assert places[0][0] == places[1][0] < places[2][0] == places[3][0] < places[4][0]
    assert places[0][1] == places[2][1] < places[1][1] == places[3][1]


def test_small_images_are_enlarged_by_whole_pixels() -> None:
    pixels = torch.zeros((1, 1, 5, 5), dtype=torch.uint8)
    pixels[0, 0, 2, 3] = 100
    assert values_in(sheet(pixels, 1, side=64))[100] == 12**2


def test_large_and_oblong_images_keep_their_form() -> None:
    found = values_in(sheet(plain(1, height=100, width=50), 1, side=40))
    assert found[10] == 40 * 20


def test_captions_make_room_and_long_ones_are_cut() -> None:
    bare = sheet(plain(4), 2, side=32)
    short = sheet(plain(4), 2, side=32, captions=["a", "b", "c", "d"])
    two_lines = sheet(plain(4), 2, side=32, captions=["a\n0.5", "b", "c", "d"])
    long = sheet(plain(4), 2, side=32, captions=["a very long name of some class", "b", "c", "d"])
    assert bare.width == short.width < long.width <= 2 * bare.width
    assert bare.height < short.height == long.height < two_lines.height
    assert min(values_in(short)) > min(values_in(bare)) or values_in(short) != values_in(bare)


def test_fewer_images_than_columns_make_a_narrow_sheet() -> None:
    assert sheet(plain(2), columns=8).size == sheet(plain(2), columns=2).size


@pytest.mark.parametrize("captions", [["only one"], []])
def test_nothing_to_show_or_a_caption_missing(captions: list[str]) -> None:
    with pytest.raises(ValueError, match="needs images and a caption for each or none"):
        sheet(plain(2)[: 2 * len(captions)], 2, captions=captions)
