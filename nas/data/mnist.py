"""MNIST and Fashion-MNIST: idx files in the folder where torchvision keeps them."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.data.errors import DataError
from nas.data.images import Labelled
from nas.data.part import Part

_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_DIMENSIONS = (3, 1, 3, 1)
_UNSIGNED_BYTE, _SIDE = 8, 28


def mnist_files(folder: Path) -> tuple[Path, ...]:
    """The four files below `folder`, or none if one is missing."""
    files = tuple(folder / name for name in _NAMES)
    return files if all(file.is_file() for file in files) else ()


def where_mnist(folder: Path) -> str:
    """Where the files should lie, for a person."""
    return f"put {', '.join(_NAMES)} (unpacked) into {folder}"


def read_mnist(files: tuple[Path, ...]) -> Labelled:
    """All images (N, 1, 28, 28), their labels and parts.

    Raises:
        DataError: naming each damaged file.
    """
    arrays, mistakes = [], []
    for file, dimensions in zip(files, _DIMENSIONS, strict=True):
        try:
            arrays.append(_read_idx(file, dimensions))
        except (OSError, ValueError) as error:
            mistakes.append(f"{file}: damaged ({error}); fetch it again")
    if mistakes:
        raise DataError(*mistakes)
    train, train_labels, test, test_labels = arrays
    for images, labels, file in ((train, train_labels, files[1]), (test, test_labels, files[3])):
        if len(images) != len(labels):
            raise DataError(f"{file}: has {len(labels)} labels for {len(images)} images; fetch both files again")
    parts = np.repeat(np.array([Part.TRAIN, Part.TEST], np.int8), [len(train), len(test)])
    every = np.concatenate([train_labels, test_labels]).astype(np.int64)
    return np.concatenate([train, test])[:, None], every, parts


def _read_idx(file: Path, dimensions: int) -> NDArray[np.uint8]:
    """Two zero bytes, the kind of number, how many dimensions, their lengths (big-endian, 4 bytes each), the data."""
    content = file.read_bytes()
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise ValueError("not an idx file of bytes")
    header = 4 + 4 * content[3]
    shape = tuple(int(n) for n in np.frombuffer(content[4:header], ">u4"))
    announced = " x ".join(map(str, shape))
    if len(content) - header != math.prod(shape):
        raise ValueError(f"{len(content) - header} bytes where {announced} are announced")
    if len(shape) != dimensions or shape[1:] != (_SIDE, _SIDE)[: dimensions - 1] or not shape[0]:
        raise ValueError(f"{announced} numbers are no {'images' if dimensions > 1 else 'labels'}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
