"""Where each kind of data comes from: one small class a kind, all with the same three methods."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nas.config import Cifar10, Data, Digits, ImageData, ImageFolder
from nas.data.cifar10 import cifar10_files, read_cifar10, where_cifar10
from nas.data.digits import read_digits
from nas.data.download import download
from nas.data.errors import DataError, listed
from nas.data.folders import Listing, list_images
from nas.data.images import Labelled, fit_pixels, read_images
from nas.data.mnist import mnist_files, read_mnist, where_mnist
from nas.data.shape import facts_of, folder_shape
from nas.records import DataPlace

_CHUNK = 1024


@dataclass(frozen=True)
class Raw:
    """What was read beside the pixels: for each image its class (int64) and the part it came in (int8)."""

    labels: NDArray[np.int64]
    parts: NDArray[np.int8]
    class_names: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Source(Protocol):
    """A data set that is there and can be read."""

    def signature(self) -> list[str]:
        """What changes when the files behind the data do; no file is opened."""

    def watched(self) -> tuple[Path, ...]:
        """Few files and folders whose `stamp` tells whether the data is likely still the same."""

    def read(self, target: Path) -> Raw:
        """Write the images as a .npy file to `target` (uint8; N, channels, height, width) and return the rest.

        Raises:
            DataError: naming every file that cannot be read.
        """


def open_source(data: Data, place: DataPlace) -> Source:
    """The source of the data, downloaded where it is absent and can be.

    Raises:
        DataError: the data is not there; the lines say what to do.
    """
    assert isinstance(data, ImageData)
    match data:
        case ImageFolder():
            return FolderSource(data, list_images(data.path))
        case Digits():
            return ArraySource(data, (), lambda _: read_digits())
        case Cifar10():
            return ArraySource(data, _present_cifar10(place.data_dir), read_cifar10)
    return ArraySource(data, _present_mnist(data, place.data_dir), read_mnist)


@dataclass(frozen=True)
class ArraySource:
    """A published data set: small images, all read at once from a few files."""

    data: ImageData
    files: tuple[Path, ...]
    reader: Callable[[tuple[Path, ...]], Labelled]

    def signature(self) -> list[str]:
        """See `Source`."""
        return list(map(stamp, self.files))

    def watched(self) -> tuple[Path, ...]:
        """See `Source`."""
        return self.files

    def read(self, target: Path) -> Raw:
        """See `Source`."""
        pixels, labels, parts = self.reader(self.files)
        class_names = facts_of(self.data).class_names
        if labels.max() >= len(class_names):
            where = self.files[0].parent
            raise DataError(f"{where}: damaged (a label of {labels.max()}, {len(class_names)} classes); fetch it again")
        np.save(target, fit_pixels(pixels, self.data.channels, self.data.image_size))
        return Raw(labels, parts, class_names)


@dataclass(frozen=True)
class FolderSource:
    """A folder of images."""

    data: ImageFolder
    listing: Listing = field(repr=False)

    def signature(self) -> list[str]:
        """See `Source`."""
        return [str(Path(self.data.path).expanduser().resolve()), *(stamp(file.path) for file in self.listing.files)]

    def watched(self) -> tuple[Path, ...]:
        """See `Source`. A folder's stamp changes with the names of its files, not with what is in them."""
        return self.listing.folders

    def read(self, target: Path) -> Raw:
        """See `Source`."""
        files = self.listing.files
        shape = folder_shape(self.data, self.listing)
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(files), *shape)}
        problems: list[tuple[Path, str]] = []
        with target.open("wb") as stream:  # by hand, for a map of a file that outgrows its disk ends the process
            np.lib.format.write_array_header_1_0(stream, header)
            for start in range(0, len(files), _CHUNK):
                chunk = [file.path for file in files[start : start + _CHUNK]]
                pixels = np.zeros((len(chunk), *shape), np.uint8)
                problems += read_images(chunk, pixels, self.data.image_size)
                pixels.tofile(stream)
        if problems:
            lines = [f"{path}: cannot be used ({why}); replace or remove it" for path, why in problems]
            raise DataError(*listed(lines))
        labels = np.array([file.label for file in files], np.int64)
        parts = np.array([file.part for file in files], np.int8)
        return Raw(labels, parts, self.listing.class_names, self.listing.warnings)


def _present_cifar10(data_dir: Path) -> tuple[Path, ...]:
    files = cifar10_files(data_dir)
    if not files:
        download("CIFAR10", data_dir, where_cifar10(data_dir))
        files = cifar10_files(data_dir)
    return files


def _present_mnist(data: Data, data_dir: Path) -> tuple[Path, ...]:
    facts_of(data)
    name = type(data).__name__.replace("Mnist", "MNIST")
    folder = data_dir / name / "raw"
    files = mnist_files(folder)
    if not files:
        download(name, data_dir, where_mnist(folder))
        files = mnist_files(folder)
    return files


def stamp(path: Path) -> str:
    """Size and times of a file. The time of its last change cannot be set back, unlike that of its content."""
    try:
        stat = path.stat()
    except OSError:
        return f"{path} unreadable"
    return f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
