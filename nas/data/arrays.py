""".npy files, written so that a full disk is told by the system's own error: numpy's has neither number nor reason."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray


def write_header(stream: BinaryIO, shape: tuple[int, ...], kind: str) -> None:
    """Begin a .npy file of that shape and kind (as `|u1`); the numbers follow in C order."""
    np.lib.format.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write what `numpy.load` reads.

    Raises:
        OSError: with its number, such as ENOSPC.
    """
    with path.open("wb") as stream:
        write_header(stream, array.shape, array.dtype.str)
        stream.write(np.ascontiguousarray(array).data)
