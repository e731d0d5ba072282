from collections.abc import Callable

import pytest
import torch

from nas.data import residence
from nas.data.residence import reside

CARD = torch.device("meta")  # stands for a card: it takes tensors, but holds nothing
PIXELS = torch.zeros((10, 1, 10, 10), dtype=torch.uint8)  # 1,000 bytes

Free = Callable[[int], None]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Free:
    """Sets the bytes that the machine has, and that are free on its card."""

    def set_free(count: int) -> None:
        monkeypatch.setattr(residence, "_memory", lambda: count)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (count, 10**9))

    return set_free


@pytest.mark.parametrize("size", [4000, 10**6])
def test_what_fits_is_copied_to_the_card_and_not_in_memory(size: int, free: Free) -> None:
    free(size)
    on_card, streamed = reside(PIXELS, CARD)
    assert on_card.device == CARD
    assert on_card.shape == PIXELS.shape
    assert not streamed
    assert reside(PIXELS, torch.device("cpu")) == (PIXELS, False)


@pytest.mark.parametrize("device", [CARD, torch.device("cpu")])
def test_what_does_not_fit_is_streamed_from_where_it_lies(device: torch.device, free: Free) -> None:
    free(3999)
    stored, streamed = reside(PIXELS, device)
    assert stored is PIXELS
    assert streamed


def test_this_machine_has_memory() -> None:
    assert residence._memory() > 2**28
