"""Decoded images on disk: each data set once, as arrays that all processes of a machine map into memory."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.arrays import write_array
from nas.data.errors import printable
from nas.data.images import Pixels, chunk_of
from nas.data.parts import ImageTable
from nas.data.raw import Raw
from nas.records import Shape

FORMAT = 1
"""Raised when the files below or the way from image to pixels change: what was prepared before is prepared again."""

_TEMPORARY = ".preparing-"
_DAY = 24 * 3600.0
_CHUNK = 1024
_MOST_VERIFIED = 2**30
"""Bytes of pixels up to which all are read to see whether they are intact: larger sets would delay the start."""
_COLUMNS = ("labels", "parts", "contents", "sums", "squares")
META, _NAMES = "meta.json", "names.json"
_HASH_BYTES = 8


@dataclass(frozen=True, eq=False)
class Prepared:
    """A decoded data set of N images. It equals itself only, as what is derived from it is remembered for it.

    folder: where it lies. pixels: (N, C, H, W), mapped from the file.
    sums, squares: of the pixels and of their squares, for each image and channel (N, C).
    skipped: a line for each image that could not be read and is not among them.
    """

    folder: Path
    pixels: Pixels
    table: ImageTable
    sums: NDArray[np.int64]
    squares: NDArray[np.int64]
    digest: str
    warnings: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Channels, height, width of one image."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    @cached_property
    def _names(self) -> tuple[str, ...]:
        try:
            return tuple(json.loads((self.folder / _NAMES).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return ()

    def name_of(self, place: int) -> str:
        """What a person calls an image: its file, relative to the data's folder, or its number."""
        return printable(self._names[place]) if self._names else f"number {place}"


def load(folder: Path) -> Prepared | None:
    """What was prepared in `folder`; None if nothing was, or all but its pixels is damaged."""
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        pixels = np.load(folder / "images.npy", mmap_mode="c")  # a private map: torch wants arrays that may be written
        labels, given, contents, sums, squares = (np.load(folder / f"{name}.npy") for name in _COLUMNS)
        table = ImageTable(labels, given, contents, tuple(meta["class_names"]))
        intact = len(pixels) == len(labels) and _digest(pixels.shape[1:], table) == meta["digest"]
        warnings, skipped = tuple(meta["warnings"]), tuple(meta.get("skipped", ()))
    except Exception:  # whatever a damaged file makes of the readers
        return None
    return Prepared(folder, pixels, table, sums, squares, meta["digest"], warnings, skipped) if intact else None


def is_intact(prepared: Prepared) -> bool:
    """Whether the pixels are still those that were decoded; not looked at where there are very many."""
    if prepared.pixels.nbytes > _MOST_VERIFIED:
        return True
    stored = (prepared.table.contents, prepared.sums, prepared.squares)
    return all(map(np.array_equal, _measure(prepared.pixels), stored))


def store(folder: Path, read: Callable[[Path], Raw]) -> None:
    """Prepare a data set in `folder`, all or nothing; several processes may do so at once.

    read: writes images.npy to the path that it is given and returns the rest, as `Source.read` does.

    Raises:
        OSError: the folder cannot be written. What `read` raises. Nothing is left behind then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder.parent))
    try:
        _write(temporary, read(temporary / "images.npy"))
        _put(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(folder: Path, raw: Raw) -> None:
    pixels: Pixels = np.load(folder / "images.npy", mmap_mode="r")
    contents, sums, squares = _measure(pixels)
    columns: tuple[NDArray[Any], ...] = (raw.labels, raw.parts, contents, sums, squares)
    for name, column in zip(_COLUMNS, columns, strict=True):
        write_array(folder / f"{name}.npy", column)
    table = ImageTable(raw.labels, raw.parts, contents, raw.class_names)
    meta = {"class_names": raw.class_names, "warnings": raw.warnings, "digest": _digest(pixels.shape[1:], table)}
    meta |= {"skipped": raw.skipped} if raw.skipped else {}
    (folder / _NAMES).write_text(json.dumps(raw.names), encoding="utf-8")
    (folder / META).write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _measure(pixels: Pixels) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """For each image a hash, and for each of its channels the sum of its pixels and of their squares."""
    count, channels = pixels.shape[:2]
    contents = np.empty(count, np.dtype("<u8"))
    sums, squares = np.empty((count, channels), np.int64), np.empty((count, channels), np.int64)
    step = chunk_of(pixels.shape[1:], _CHUNK)
    for start in range(0, count, step):
        chunk = np.ascontiguousarray(pixels[start : start + step])
        part = slice(start, start + len(chunk))
        digests = (hashlib.blake2b(image, digest_size=_HASH_BYTES).digest() for image in chunk)
        contents[part] = np.frombuffer(b"".join(digests), "<u8")
        flat = chunk.reshape(len(chunk), channels, -1)
        sums[part] = flat.sum(axis=2, dtype=np.int64)
        squares[part] = np.square(flat, dtype=np.uint16).sum(axis=2, dtype=np.int64)
    return contents, sums, squares


def _digest(shape: tuple[int, ...], table: ImageTable) -> str:
    head = json.dumps([shape, table.class_names]).encode()
    columns = (table.labels.astype("<i8"), table.given.astype("i1"), table.contents.astype("<u8"))
    content = b"".join([head, *(column.tobytes() for column in columns)])
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).hexdigest()


def _put(temporary: Path, folder: Path) -> None:
    """Move into place, unless another process was first; what is damaged there makes way."""
    for _ in range(2):
        try:
            temporary.rename(folder)
            return
        except OSError:
            if load(folder) is not None:
                return
            damaged = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder.parent))
            with suppress(FileNotFoundError):  # another process was faster
                shutil.move(folder, damaged)
            shutil.rmtree(damaged)


def discard(prepared: Prepared) -> None:
    """Take what is damaged out of the cache. Processes that have mapped it keep it."""
    doomed = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=prepared.folder.parent))
    with suppress(FileNotFoundError):
        prepared.folder.rename(doomed / "damaged")
    shutil.rmtree(doomed, ignore_errors=True)


def _sweep(cache: Path) -> None:
    """Remove what processes that were killed left behind more than a day ago."""
    for folder in cache.glob(f"{_TEMPORARY}*"):
        try:
            old = time.time() - folder.stat().st_mtime > _DAY
        except OSError:  # another process was faster
            continue
        if old:
            shutil.rmtree(folder, ignore_errors=True)
