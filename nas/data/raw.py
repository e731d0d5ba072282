"""What a source leaves beside the pixels, and how its files are told apart from changed ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Raw:
    """What was read beside the pixels: for each image its class (int64) and the part it came in (int8).

    names: the files of the images, relative to their folder. skipped: a line for each that was passed over.
    """

    labels: NDArray[np.int64]
    parts: NDArray[np.int8]
    class_names: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def stamp(path: Path) -> str:
    """Size and times of a file. The time of its last change cannot be set back, unlike that of its content."""
    try:
        stat = path.stat()
    except OSError:
        return f"{path} unreadable"
    return f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
