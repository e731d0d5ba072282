"""Features on disk: computed once, mapped into memory by all trials of a machine, the least used removed first."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

GIGABYTE = 10**9
MOST_BYTES = 10 * GIGABYTE
"""What the features of all trials of a machine take at most, or half of the disk that is free without them."""

_DTYPES: dict[torch.dtype, np.dtype[Any]] = {torch.float32: np.dtype("<f4"), torch.bfloat16: np.dtype("<i2")}
"""numpy has no bf16: its bits are kept."""
_PARTIAL = ".computing-"
_DAY = 24 * 3600.0


class FeatureStore:
    """Arrays in `folder`, a file each, all or nothing; several processes may use it at once. most: bytes, of all."""

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most = most

    def room(self) -> int:
        """Bytes that the features of one trial may take."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = sum(size for _, size, _ in self._files())
        return min(self.most, (shutil.disk_usage(self.folder).free + own) // 2)

    def path(self, key: str) -> Path:
        """Where the array of this name is or will be."""
        return self.folder / f"{key}.npy"

    def provide(self, key: str, shape: tuple[int, ...], dtype: torch.dtype, write: Callable[[Tensor], None]) -> Path:
        """The file of the array `key`, written by `write` if it is not there; another process that wants the same waits
        for it. `write` fills a tensor of this shape and dtype that it is given.

        Raises:
            OSError: it could not be written; nothing is left of it.
        """
        path = self.path(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone(key):
            if not path.exists():
                self._sweep()
                self._make_room(shape, dtype)
                self._write(path, shape, dtype, write)
            os.utime(path)
        return path

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """No other process is in here with the same key. The lock ends with the process that holds it."""
        with (self.folder / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, path: Path, shape: tuple[int, ...], dtype: torch.dtype, write: Callable[[Tensor], None]) -> None:
        partial = self.folder / f"{_PARTIAL}{os.getpid()}-{path.name}"
        try:
            self._reserve(partial, nbytes(shape, dtype))
            array = np.lib.format.open_memmap(partial, "w+", _DTYPES[dtype], shape)
            write(torch.from_numpy(array).view(dtype))
            array.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @staticmethod
    def _reserve(path: Path, size: int) -> None:
        """Fail now if the disk is full: a map that cannot be written to would kill the process."""
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))

    def _make_room(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        """Remove what was not used for longest until the new array fits. Who has mapped it can read on."""
        kept = self.room() - nbytes(shape, dtype)
        files = sorted(self._files())
        taken = sum(size for _, size, _ in (*files, *self._files(f"{_PARTIAL}*")))
        for _, size, file in files:
            if taken <= kept:
                return
            file.unlink(missing_ok=True)
            file.with_suffix(".lock").unlink(missing_ok=True)
            taken -= size

    def _files(self, pattern: str = "[!.]*.npy") -> list[tuple[float, int, Path]]:
        """Time of last use, size and path of each array."""
        found = []
        for file in self.folder.glob(pattern):
            with suppress(FileNotFoundError):  # another process removed it
                stat = file.stat()
                found.append((stat.st_mtime, stat.st_size, file))
        return found

    def _sweep(self) -> None:
        """Remove what processes that were killed left behind more than a day ago."""
        for used, _, file in self._files(f"{_PARTIAL}*"):
            if time.time() - used > _DAY:
                file.unlink(missing_ok=True)


def nbytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """What an array takes."""
    return int(np.prod(shape)) * dtype.itemsize


def opened(path: Path, dtype: torch.dtype) -> Tensor:
    """An array of the store, mapped into memory: changes do not reach the file."""
    return torch.from_numpy(np.load(path, mmap_mode="c")).view(dtype)
