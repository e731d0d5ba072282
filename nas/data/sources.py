"""Where each kind of data comes from: one small class a kind, all with the same three methods."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nas.config import Cifar10, Data, Digits, ImageData, ImageFolder
from nas.data.arrays import write_array
from nas.data.cifar10 import cifar10_files, read_cifar10, where_cifar10
from nas.data.counts import PUBLISHED
from nas.data.digits import read_digits
from nas.data.download import download
from nas.data.errors import DataError
from nas.data.folder_source import FolderSource, images_of
from nas.data.images import Labelled, fit_pixels
from nas.data.limit import limited_files
from nas.data.mnist import mnist_files, read_mnist, where_mnist
from nas.data.raw import Raw, stamp
from nas.data.shape import facts_of
from nas.records import DataPlace


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
            return FolderSource(data, limited_files(images_of(data), data), place.skip_bad)
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
        wrong = labels[(labels < 0) | (labels >= len(class_names))]
        if len(wrong):
            where = self.files[0].parent
            raise DataError(f"{where}: damaged (a label of {wrong[0]}, {len(class_names)} classes); fetch it again")
        write_array(target, fit_pixels(pixels, self.data.channels, self.data.image_size))
        return Raw(labels, parts, class_names, tuple(_incomplete(self.data, len(labels))))


def _incomplete(data: Data, count: int) -> Iterator[str]:
    """Files may be sound and yet not all that was published."""
    published = sum(PUBLISHED[type(data)].values())
    if count != published:
        yield f"{data.kind}: {count} images, and {published} were published; its figures cannot be compared with others"


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
