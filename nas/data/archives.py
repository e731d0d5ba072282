"""Unpacks what was downloaded, into one folder and nowhere else, and never more than was expected."""

import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

_CHUNK = 1 << 20


class ArchiveError(RuntimeError):
    """An archive is damaged, larger than expected, or holds what does not belong there. One line, without the file."""


def unpack(archive: Path, folder: Path, limit: int) -> None:
    """Unpack `NAME.tar.gz`, or `NAME.gz` as NAME, into a folder that exists.

    limit: bytes that it may unpack to in all.

    Raises:
        ArchiveError: what was written until then stays in the folder, never outside it.
    """
    try:
        with archive.open("rb") as file, _Bounded(file, limit) as unpacked:
            if archive.name.endswith(".tar.gz"):
                _unpack_tar(unpacked, folder)
            else:
                _copy(unpacked, folder / archive.name.removesuffix(".gz"))
            while unpacked.read(_CHUNK):  # what lies behind the last member: its checksum stands at the very end
                pass
            if not unpacked.seen:
                raise ArchiveError(f"{archive.name} is damaged (it is empty)")
    except (EOFError, gzip.BadGzipFile, tarfile.TarError, zlib.error) as error:
        raise ArchiveError(f"{archive.name} is damaged ({error})") from None


class _Bounded(gzip.GzipFile):
    """Refuses to unpack more than so many bytes: a few kilobytes can stand for a disk full of zeros."""

    def __init__(self, file: io.BufferedReader, limit: int) -> None:
        super().__init__(fileobj=file)
        self._limit, self.seen = limit, 0

    def read(self, size: int | None = -1) -> bytes:
        left = self._limit - self.seen
        content = super().read(left + 1 if size is None or size < 0 else min(size, left + 1))
        self.seen += len(content)
        if self.seen > self._limit:
            raise ArchiveError(f"unpacks to more than the {self._limit:,} bytes that were expected")
        return content


def _unpack_tar(unpacked: _Bounded, folder: Path) -> None:
    """Files and folders alone, read in one pass; their owners, modes and times are of no interest."""
    with tarfile.open(fileobj=unpacked, mode="r|") as tar:
        for member in tar:
            target = folder / _inside(member)
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(member)
            assert content is not None  # `_inside` has seen that it is a file
            _copy(content, target)


def _inside(member: tarfile.TarInfo) -> PurePosixPath:
    """Where a member lies below the folder."""
    path = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()) or member.issparse():
        raise ArchiveError(f"holds {member.name!r}, which is neither a file nor a folder")
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise ArchiveError(f"holds {member.name!r}, which lies outside its folder")
    return path


def _copy(source: IO[bytes] | _Bounded, target: Path) -> None:
    """To a file that is not there yet: no member is written over, nor through, another."""
    try:
        with target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
    except FileExistsError:
        raise ArchiveError(f"holds {target.name!r} twice") from None
