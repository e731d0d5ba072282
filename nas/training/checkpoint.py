"""Checkpoints that survive a crash at any moment: a file appears complete or not at all, and damage is noticed."""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

LEAST_SECONDS = 5.0
MOST_SECONDS = 10.0
"""What a crash may cost a trial, unless an epoch takes longer."""
KEPT = 2

log = logging.getLogger(__name__)

CHEAP_SECONDS = 0.25
"""A twentieth of `LEAST_SECONDS`: more of its time no trial shall spend on checkpoints."""


class CheckpointFolder:
    """The checkpoints of one trial, which nobody else writes to. Files are called `epoch-EPOCH-SHA256.pt`.

    A checkpoint is due `least_seconds` (on `clock`) after the last one, or after this object was made: what is shorter
    than that is as quickly done again. What takes longer than `CHEAP_SECONDS` to write is due as much less often, but
    before more than `MOST_SECONDS` of work could get lost: as soon as another epoch might lead beyond them.
    """

    def __init__(
        self, path: Path, least_seconds: float = LEAST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.least_seconds = least_seconds
        self.clock = clock
        self._last = self._asked = clock()
        self._cost = 0.0

    def due(self) -> bool:
        """Whether it is time for the next checkpoint. To be asked after every epoch."""
        now = self.clock()
        epoch, self._asked = now - self._asked, now
        waited = now - self._last
        often_enough = self.least_seconds * max(1.0, self._cost / CHEAP_SECONDS)
        return waited >= min(often_enough, max(self.least_seconds, MOST_SECONDS - epoch))

    def save(self, state: dict[str, Any]) -> None:
        """Write a state of tensors and plain data, with its `epoch`. The newest two are kept.

        Raises:
            OSError: it could not be written; those before it are untouched.
        """
        started = self.clock()

        def write(file: BinaryIO) -> str:
            hashing = _Hashing(file)
            torch.save(state, hashing)  # type: ignore[arg-type]  # torch needs write and flush only
            return f"epoch-{state['epoch']:06d}-{hashing.digest()}.pt"

        write_file(self.path, write)
        for old in self._files()[KEPT:]:
            old.unlink(missing_ok=True)
        self._last = self._asked = self.clock()
        self._cost = self._last - started

    def newest(self) -> dict[str, Any] | None:
        """The newest whole state, on the CPU; None if there is none. Damaged ones are removed with a warning."""
        files = self._files()
        for file, rest in zip(files, range(len(files) - 1, -1, -1), strict=True):
            try:
                return _read(file)
            except _Damaged as error:
                instead = "the one before it is used" if rest else "there is none before it, the trial starts over"
                log.warning("checkpoint %s is damaged (%s); it is removed, %s", file, error, instead)
                file.unlink()
        return None

    def _files(self) -> list[Path]:
        """The newest first."""
        return sorted(self.path.glob("epoch-*.pt"), reverse=True)


class _Damaged(ValueError):
    """This is not what was written: says why."""


class _Hashing:
    """A file to write to that takes the digest on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._sha256.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def digest(self) -> str:
        return self._sha256.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """The state in a file. Nothing in it is run, whoever wrote it.

    Raises:
        _Damaged: it is another than was written, or holds no state of tensors and plain data.
    """
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != path.stem.rpartition("-")[2]:
            raise _Damaged("its digest differs")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except MemoryError:
        raise
    except Exception as error:  # torch has many for what it did not write
        raise _Damaged(f"it holds no checkpoint: {type(error).__name__}") from error


def write_file(folder: Path, write: Callable[[BinaryIO], str]) -> Path:
    """A new file in `folder`, under the name that `write` returns: on disk in full, or not there at all.

    Raises:
        OSError: it could not be written; nothing is left of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob("*.partial"):
        left_over.unlink(missing_ok=True)
    partial = folder / f"{os.getpid()}.partial"
    try:
        with partial.open("wb") as file:
            path = folder / write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(folder)
    return path


def _sync_folder(folder: Path) -> None:
    """Without this a rename may be lost with the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
