"""The shape of a data set's items and its classes, before any image is decoded. Loads without numpy and torch."""

from collections.abc import Sequence
from typing import NamedTuple

from nas.config import Cifar10, Data, Diabetes, Digits, FashionMnist, ImageData, ImageFolder, Mnist, Table
from nas.data.columns import read_columns
from nas.data.errors import DataError, listed
from nas.data.folders import ImageFile, Listing, list_images
from nas.records import DataPlace, Shape


class Facts(NamedTuple):
    """What is published of a data set: the shape of its images as they come, and its classes in their order."""

    shape: Shape
    class_names: tuple[str, ...]


_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
"""Exif's tag for how the camera was held, and its values that swap width and height."""

_DIGITS = tuple("0123456789")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
FACTS: dict[type[Data], Facts] = {
    Digits: Facts((1, 8, 8), _DIGITS),
    Cifar10: Facts((3, 32, 32), _CIFAR10),
    Mnist: Facts((1, 28, 28), _DIGITS),
    FashionMnist: Facts((1, 28, 28), _FASHION),
}
DIABETES_COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def shape_of(data: Data, place: DataPlace) -> tuple[Shape, int]:
    """The shape (channels, height, width) of the images that the network will see, and the number of classes.

    A table's rows are (columns, 1, 1) with one number to predict. Image folders are listed; a first image is opened
    only where `image_size` is None. CSV files are read. Other data need not be there.

    Raises:
        DataError: an image folder that is missing or not laid out in classes, a table that cannot be used, or data that
            nas has no reader for.
    """
    if isinstance(data, Table):
        return (len(read_columns(data).inputs), 1, 1), 1
    if isinstance(data, Diabetes):
        return (len(DIABETES_COLUMNS), 1, 1), 1
    if isinstance(data, ImageFolder):
        listing = list_images(data.path)
        return folder_shape(data, listing, place.skip_bad), len(listing.class_names)
    (channels, height, width), class_names = facts_of(data)
    assert isinstance(data, ImageData)
    if data.image_size:
        height = width = data.image_size
    return (data.channels or channels, height, width), len(class_names)


def folder_shape(data: ImageFolder, listing: Listing, skip_bad: bool = False) -> Shape:
    """The shape of a folder's images: `image_size`, or the first image's own size.

    skip_bad: what cannot be opened is passed over, as `most_bad` allows.

    Raises:
        DataError: the first image had to be opened and could not be read.
    """
    side = data.image_size
    tried = 1 + (most_bad(len(listing.files)) if skip_bad else 0)
    height, width = (side, side) if side else _size_of(listing.files[:tried])
    return data.channels or 3, height, width


def most_bad(count: int) -> int:
    """How many of so many images `--skip-bad` passes over at most: 1 %."""
    return count // 100


def facts_of(data: Data) -> Facts:
    """What is published of a data set that is no image folder.

    Raises:
        DataError: data that nas has no reader for.
    """
    if type(data) not in FACTS:
        raise no_reader(data)
    return FACTS[type(data)]


def no_reader(data: Data) -> DataError:
    """The error for a kind of data that nas cannot read."""
    readable: list[type[Data]] = [*FACTS, ImageFolder, Diabetes, Table]
    known = ", ".join(kind.kind for kind in readable)
    return DataError(f"data: no reader for {type(data).__name__}; known are {known}")


def _size_of(files: Sequence[ImageFile]) -> tuple[int, int]:
    """Height and width of the first image that can be opened, as it is shown (a camera may have noted a turn)."""
    from nas.data.images import image_warnings, open_image  # not needed unless asked for a folder's own size

    problems = []
    for file in files:
        try:
            with image_warnings(), open_image(file.path) as image:
                width, height = image.size
                return (width, height) if image.getexif().get(_ORIENTATION) in _TURNED else (height, width)
        except (OSError, ValueError) as error:
            problems.append(f"{file.path}: cannot be used ({error}); replace or remove it")
    raise DataError(*listed(problems))
