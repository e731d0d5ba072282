"""scikit-learn's handwritten digits, read from the file in its wheel: importing scikit-learn takes seconds."""

import gzip
import importlib
import importlib.util
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.data.errors import DataError
from nas.data.images import Labelled
from nas.data.part import Part

_FILE = "datasets/data/digits.csv.gz"
_COUNT, _SIDE = 1797, 8
_MOST_INK = 16


def read_digits() -> Labelled:
    """All 1,797 images (N, 1, 8, 8), their ink 0..16 scaled to 0..255; in no parts.

    Raises:
        DataError: scikit-learn is not installed, or its file is damaged.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError("digits: they come with scikit-learn, which is not installed; install scikit-learn")
    file = Path(spec.origin).parent / _FILE
    try:
        ink, labels = _from_file(file) if file.is_file() else _from_library()
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: damaged ({error}); install scikit-learn again") from None
    pixels = np.rint(ink * (255 / _MOST_INK)).astype(np.uint8)
    parts = np.full(len(labels), Part.NONE, np.int8)
    return pixels.reshape(-1, 1, _SIDE, _SIDE), labels.astype(np.int64), parts


def _from_file(file: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One row an image: 64 pixels row by row, then the label."""
    with gzip.open(file, "rt", encoding="ascii") as lines, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an empty file, which the shape tells
        rows = np.loadtxt(lines, delimiter=",")
    if rows.shape != (_COUNT, _SIDE**2 + 1):
        raise ValueError(f"{' x '.join(map(str, rows.shape))} numbers, not {_COUNT} x {_SIDE**2 + 1}")
    return rows[:, :-1], rows[:, -1]


def _from_library() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    images, labels = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
    return images, labels
