"""Tables as numbers: the inputs and the target of every row, and which part each row belongs to.

They are small and quickly read, so that nothing of them lies in the cache.
"""

import gzip
import hashlib
import importlib
import importlib.util
import json
import warnings
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.config import Diabetes, Table, Tabular
from nas.data.columns import read_columns
from nas.data.errors import DataError
from nas.data.part import Part
from nas.data.parts import ImageTable, Parts
from nas.data.shape import DIABETES_COLUMNS, no_reader

FEWEST_ROWS, FEWEST_DIFFERENT = 10, 3
_FOLDER = "datasets/data"
_DIABETES = (442, 10), (442,)
_HASH_BYTES = 8

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # as for `Prepared`
class NumberTable:
    """inputs: (N, columns), nan where a cell is empty; a text is a 1 in the column of its value and 0 elsewhere.

    targets: (N). names: of the columns. warnings: lines about what was made of the file.
    """

    inputs: Numbers
    targets: Numbers
    names: tuple[str, ...]
    target_name: str
    warnings: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> ImageTable:
        """What a split needs to know: rows with the same inputs count as identical, so that they stay together."""
        contents = np.array([_hash(row) for row in self.inputs], np.uint64)
        count = len(contents)
        return ImageTable(np.zeros(count, np.int64), np.full(count, Part.NONE, np.int8), contents, ("rows",))

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over names, inputs and targets."""
        columns = (self.inputs.astype("<f8"), self.targets.astype("<f8"))
        content = b"".join([json.dumps(self.names).encode(), *(column.tobytes() for column in columns)])
        return hashlib.blake2b(content, digest_size=_HASH_BYTES).hexdigest()

    def filled(self, parts: Parts) -> Numbers:
        """The inputs with the train part's mean of the column in each empty cell; 0 where that part has none."""
        train = self.inputs[parts == Part.TRAIN]
        known = ~np.isnan(train)
        means = np.where(known, train, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(np.isnan(self.inputs), means, self.inputs)


def read_table(data: Tabular) -> NumberTable:
    """All rows of a table.

    Raises:
        DataError: naming what cannot be used, or data that nas has no reader for.
    """
    match data:
        case Diabetes():
            return _read_diabetes()
        case Table():
            return _read_file(data)
    raise no_reader(data)


def moments(values: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of each column (N, ...); a constant one has deviation 1."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    return mean, np.where(deviation > 1e-9 * np.abs(mean), deviation, 1.0)


def _read_file(data: Table) -> NumberTable:
    columns = read_columns(data)
    read = []
    for column in columns.columns:
        if column.values:
            read.append(np.array(column.texts)[:, None] == np.array(column.values))
        else:
            read.append(np.array(column.numbers)[:, None])
    inputs, targets = np.hstack(read).astype(np.float64), np.array(columns.targets)
    table = NumberTable(inputs, targets, columns.inputs, data.target, columns.warnings)
    count, different = len(table.targets), len(np.unique(table.rows.contents))
    if count < FEWEST_ROWS or different < FEWEST_DIFFERENT:
        fewest = f"give {FEWEST_ROWS} rows with {FEWEST_DIFFERENT} different ones at least, to be split"
        raise DataError(f"{data.path}: has {count} rows with {different} different inputs; {fewest}")
    return table


def _read_diabetes() -> NumberTable:
    """Read from the files in scikit-learn's wheel: importing it takes seconds."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError("diabetes: it comes with scikit-learn, which is not installed; install scikit-learn")
    folder = Path(spec.origin).parent / _FOLDER
    files = [folder / "diabetes_data_raw.csv.gz", folder / "diabetes_target.csv.gz"]
    if all(file.is_file() for file in files):
        inputs, targets = (_from_file(file, shape) for file, shape in zip(files, _DIABETES, strict=True))
    else:
        load = importlib.import_module("sklearn.datasets").load_diabetes
        inputs, targets = load(return_X_y=True, scaled=False)
    return NumberTable(inputs, targets, DIABETES_COLUMNS, "disease progression after a year")


def _from_file(file: Path, shape: tuple[int, ...]) -> Numbers:
    try:
        with gzip.open(file, "rt", encoding="ascii") as lines, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file, which the shape tells
            numbers = np.loadtxt(lines)
        return numbers.reshape(shape)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: damaged ({error}); install scikit-learn again") from None


def _hash(row: Numbers) -> int:
    return int.from_bytes(hashlib.blake2b(row.astype("<f8").tobytes(), digest_size=_HASH_BYTES).digest(), "little")
