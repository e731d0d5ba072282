"""Images that lie in a folder of class folders."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nas.config import ImageFolder
from nas.data.arrays import write_header
from nas.data.errors import DataError, listed, printable
from nas.data.folders import Listing, list_images
from nas.data.images import Pixels, chunk_of, read_images
from nas.data.part import Part, part_shares
from nas.data.paths import expanded
from nas.data.raw import Raw, stamp
from nas.data.shape import folder_shape, most_bad
from nas.records import Shape

_CHUNK = 1024


@dataclass(frozen=True)
class FolderSource:
    """A folder of images."""

    data: ImageFolder
    listing: Listing = field(repr=False)
    skip_bad: bool = False

    def signature(self) -> list[str]:
        """See `Source`."""
        return [
            os.path.realpath(expanded(self.data.path)),
            *(stamp(file.path) for file in self.listing.files),
        ]

    def watched(self) -> tuple[Path, ...]:
        """See `Source`. A folder's stamp changes with the names of its files, not with what is in them."""
        return self.listing.folders

    def read(self, target: Path) -> Raw:
        """See `Source`."""
        files = self.listing.files
        shape = folder_shape(self.data, self.listing, self.skip_bad)
        most = most_bad(len(files)) if self.skip_bad else 0
        bad: dict[int, str] = {}
        with target.open("wb") as stream:  # by hand, for a map of a file that outgrows its disk ends the process
            write_header(stream, (len(files), *shape), "|u1")
            for start, pixels, problems in self._decoded(shape):
                bad |= {start + place: why for place, why in problems.items()}
                if not bad or len(bad) <= most:
                    stream.write((np.delete(pixels, list(problems), axis=0) if problems else pixels).data)
            if 0 < len(bad) <= most:
                stream.seek(0)  # numpy leaves room for any number of images
                write_header(stream, (len(files) - len(bad), *shape), "|u1")
        lines = [f"{files[place].path}: cannot be used ({why})" for place, why in bad.items()]
        if len(bad) > most:
            raise DataError(*refused(lines, len(bad) <= most_bad(len(files))), *self._too_many(len(bad)))
        kept = [file for place, file in enumerate(files) if place not in bad]
        labels = np.array([file.label for file in kept], np.int64)
        parts = np.array([file.part for file in kept], np.int8)
        names = tuple(name for place, name in enumerate(self.listing.names) if place not in bad)
        skipped = tuple(map(printable, lines))
        return Raw(labels, parts, self.listing.class_names, self.listing.warnings, names, skipped)

    def _decoded(self, shape: Shape) -> Iterator[tuple[int, Pixels, dict[int, str]]]:
        """Chunk by chunk: the number of its first image, the pixels, and by place why what could not be used."""
        paths = [file.path for file in self.listing.files]
        step = chunk_of(shape, _CHUNK)
        for start in range(0, len(paths), step):
            chunk = paths[start : start + step]
            pixels = np.zeros((len(chunk), *shape), np.uint8)
            yield start, pixels, read_images(chunk, pixels, self.data.image_size)

    def _too_many(self, count: int) -> Iterator[str]:
        total = len(self.listing.files)
        if self.skip_bad:
            share = f"{count} of {total} images cannot be used ({count / total:.1%})"
            yield f"{self.data.path}: {share}, and --skip-bad passes over 1 % at most; replace or remove them"


def images_of(data: ImageFolder) -> Listing:
    """The images of a folder.

    Raises:
        DataError: as `list_images`; a class has fewer images than there are parts to be split into.
    """
    listing = list_images(data.path)
    shares = part_shares(data, {file.part for file in listing.files})
    counts = Counter(file.label for file in listing.files if file.part <= Part.TRAIN)
    parts = ", ".join(part.folder for part in (Part.TRAIN, *shares))
    mistakes = [
        f"{data.path}: class {name!r} has {counts[label]} images, but {parts} need one each; add some or remove it"
        for label, name in enumerate(listing.class_names)
        if counts[label] <= len(shares)
    ]
    if mistakes:
        raise DataError(*listed(mistakes))
    return listing


def refused(lines: Sequence[str], skippable: bool) -> list[str]:
    """The mistakes, of lines that say which images cannot be used and why. skippable: whether --skip-bad would do."""
    todo = "replace or remove it" + (", or leave it out by --skip-bad" if skippable else "")
    return listed(f"{line}; {todo}" for line in lines)
