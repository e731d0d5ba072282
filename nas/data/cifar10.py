"""CIFAR-10 in either of its published layouts: Python pickles or binary files."""

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nas.data.errors import DataError
from nas.data.images import Labelled, Pixels
from nas.data.part import Part

PYTHON_FOLDER = "cifar-10-batches-py"
BINARY_FOLDER = "cifar-10-batches-bin"
_BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


def cifar10_files(data_dir: Path) -> tuple[Path, ...]:
    """The six files of the layout that is there (the Python one first), or none if neither is whole."""
    for folder, suffix in ((PYTHON_FOLDER, ""), (BINARY_FOLDER, ".bin")):
        files = tuple(data_dir / folder / f"{name}{suffix}" for name in _BATCHES)
        if all(file.is_file() for file in files):
            return files
    return ()


def where_cifar10(data_dir: Path) -> str:
    """Where the files should lie, for a person."""
    return (
        f"put {_BATCHES[0]} ... {_BATCHES[-2]} and {_BATCHES[-1]} into {data_dir / PYTHON_FOLDER}, "
        f"or the same as .bin files into {data_dir / BINARY_FOLDER}"
    )


def read_cifar10(files: tuple[Path, ...]) -> Labelled:
    """All images of the six files, five to train on and one to test.

    Raises:
        DataError: naming each damaged file.
    """
    images, labels, parts = [], [], []
    mistakes = []
    for file in files:
        try:
            batch, classes = _read_binary(file) if file.suffix else _read_python(file)
        except Exception as error:  # a damaged pickle raises errors of many kinds
            mistakes.append(f"{file}: damaged ({str(error) or type(error).__name__}); fetch it again")
            continue
        images.append(batch)
        labels.append(classes)
        parts.append(np.full(len(batch), Part.TEST if file is files[-1] else Part.TRAIN, np.int8))
    if mistakes:
        raise DataError(*mistakes)
    return np.concatenate(images), np.concatenate(labels), np.concatenate(parts)


def _read_binary(file: Path) -> tuple[Pixels, NDArray[np.int64]]:
    """Records of 3,073 bytes: the label, then red, green and blue, each row by row."""
    records = np.fromfile(file, np.uint8)
    if not records.size or records.size % (_PIXELS + 1):
        raise ValueError(f"{records.size} bytes are no whole number of records of {_PIXELS + 1}")
    records = records.reshape(-1, _PIXELS + 1)
    return records[:, 1:].reshape(-1, *_SHAPE), records[:, 0].astype(np.int64)


def _read_python(file: Path) -> tuple[Pixels, NDArray[np.int64]]:
    """A pickled dictionary: `data` of 3,072 bytes an image, planes as in the binary layout, and `labels`."""
    with file.open("rb") as stream:
        batch = _ArraysOnly(stream, encoding="bytes").load()
    images, labels = np.asarray(batch[b"data"], np.uint8).reshape(-1, *_SHAPE), np.asarray(batch[b"labels"], np.int64)
    if labels.shape != (len(images),) or not len(images):
        raise ValueError(f"{labels.size} labels for {len(images)} images")
    return images, labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numpy arrays and plain data, nothing that could run code of the file's own."""

    def __init__(self, stream: BinaryIO, *, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core", "numpy._core")
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is no part of CIFAR-10")
        return super().find_class(module, name)


_ALLOWED = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
