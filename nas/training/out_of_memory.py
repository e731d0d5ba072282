"""Telling that memory ran out from all other errors, and giving back what can be given back."""

import torch

_WORDS = ("out of memory", "can't allocate memory", "alloc_failed", "bad_alloc")
"""Of CUDA and its allocator, of torch's allocator for processors, of cuDNN and cuBLAS, and of C++."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this says that there was no memory left, on a card or for the processor."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its type's name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def free_memory(device: torch.device) -> None:
    """Give back what torch keeps of a card's memory for itself: it lies in pieces of the size that did not fit."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
