"""Where the pixels of a data set lie while a trial uses them: on its device, or in a file that is read ahead."""

import os

import torch
from torch import Tensor

RESIDENT_SHARE = 0.25
"""A data set stays on the card if it takes at most this share of the memory that is free there: the rest is for
networks, of which several may share a card. On a processor it is read ahead above this share of all memory, which
other trials want too; reading ahead what did lie in memory costs little."""


def reside(pixels: Tensor, device: torch.device) -> tuple[Tensor, bool]:
    """Pixels (N, ...; on the CPU, usually mapped from a file) where batches for `device` are best gathered from.

    Returns:
        The same pixels, on the device if they fit there, and whether their batches should be gathered ahead of their
        use, by a thread: see `stream`.
    """
    if device.type == "cpu":
        return pixels, pixels.nbytes > RESIDENT_SHARE * _memory()
    if pixels.nbytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels.to(device), False
    return pixels, True


def _memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
