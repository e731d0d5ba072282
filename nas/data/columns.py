"""Columns of a CSV file: numbers or texts, and the inputs that they make. Loads without numpy and torch."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nas.config import Table
from nas.data.csv_file import CsvFile, read_csv
from nas.data.errors import DataError, listed

MOST_VALUES = 100
"""A column of text makes an input of each of its values, of so many at most."""
EMPTY = frozenset(["", "?", "n/a", "na", "nan", "none", "null"])
"""How a missing number is written, in small letters."""
_LARGEST = 3.4028234e38
"""What a float32 holds."""
_LINES_SHOWN = 10
_CODES = 10
"""A column of which most cells are numbers, more than so many different ones, is one of numbers, and not of codes."""
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,' ]\d{3})+([.,]\d*)?")
"""Numbers with marks between their thousands, which decimal marks cannot be told from."""


@dataclass(frozen=True)
class Column:
    """A column that makes inputs: its cells as numbers (nan where empty), or as texts with the `values` they take."""

    name: str
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs that it makes: its own, or `name=value` for each value."""
        return tuple(f"{self.name}={value}" for value in self.values) if self.values else (self.name,)

    @property
    def missing(self) -> int:
        """How many of its numbers are."""
        return sum(map(math.isnan, self.numbers))


@dataclass(frozen=True)
class Columns:
    """A table, column by column. warnings: lines about what was made of it."""

    columns: tuple[Column, ...]
    targets: tuple[float, ...]
    warnings: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs, in the order of the file."""
        return tuple(name for column in self.columns for name in column.inputs)


def read_columns(data: Table) -> Columns:
    """The columns of a file.

    Raises:
        DataError: naming each column and line that cannot be used.
    """
    file = read_csv(data.path, data.target)
    mistakes: list[str] = []
    columns, warnings, targets = [], [], []
    for name, cells in zip(file.names, zip(*file.rows, strict=True), strict=False):
        if name == data.target:
            mistakes += _target_mistakes(file, name, cells)
            targets = [number or 0.0 for number in (_number(cell, file.decimal) for cell in cells)]
        elif not any(cells):
            warnings.append(f"{data.path}: column {name!r} is empty and left out")
        else:
            columns.append(_column(name, cells, file.decimal))
            mistakes += [*_column_mistakes(file, columns[-1]), *_text_mistakes(file, columns[-1])]
    if not file.rows or not columns:
        mistakes.append(f"{data.path}: has no {'columns beside the target' if file.rows else 'rows'}; add some")
    if mistakes:
        raise DataError(*listed(mistakes))
    warnings += [
        f"{data.path}: column {column.name!r}: {column.missing} empty cells take the train part's mean"
        for column in columns
        if column.missing
    ]
    return Columns(tuple(columns), tuple(targets), tuple(warnings))


def _column(name: str, cells: Sequence[str], decimal: str) -> Column:
    numbers = [math.nan if cell.lower() in EMPTY else _number(cell, decimal) for cell in cells]
    read = tuple(number for number in numbers if number is not None)
    if len(read) == len(cells) and not all(map(math.isnan, read)):
        return Column(name, numbers=read)
    return Column(name, texts=tuple(cells), values=tuple(sorted(set(cells))))


def _number(cell: str, decimal: str) -> float | None:
    """The number that a cell holds; None where it holds something else."""
    try:
        return None if "_" in cell else float(cell.replace(decimal, "."))
    except ValueError:
        return None


def _column_mistakes(file: CsvFile, column: Column) -> Iterator[str]:
    where = f"{file.path}: column {column.name!r}"
    if len(column.values) > MOST_VALUES:
        yield f"{where}: holds {len(column.values)} different texts, {MOST_VALUES} at most can be used; remove it"
    large = [line for line, number in zip(file.lines, column.numbers, strict=False) if abs(number) > _LARGEST]
    if large:
        yield f"{where}: too large a number in {_lines(large)}; change or remove it"


def _text_mistakes(file: CsvFile, column: Column) -> Iterator[str]:
    """A column of texts that was likely meant to hold numbers."""
    where = f"{file.path}: column {column.name!r}"
    numbers = [_number(text, file.decimal) for text in column.texts]
    wrong = [
        (line, text)
        for line, text, number in zip(file.lines, column.texts, numbers, strict=False)
        if number is None and text.lower() not in EMPTY
    ]
    if wrong and all(_GROUPED.fullmatch(text) for _, text in wrong):
        yield f"{where}: has marks between the thousands, such as {wrong[0][1]!r}; write numbers without"
    elif 2 * len(wrong) < len(numbers) and len(set(numbers)) > _CODES:
        yield f"{where}: is no number in {_lines([line for line, _ in wrong])}, such as {wrong[0][1]!r}; mend it"


def _target_mistakes(file: CsvFile, name: str, cells: Sequence[str]) -> Iterator[str]:
    where = f"{file.path}: target {name!r}"
    numbers = [_number(cell, file.decimal) for cell in cells]
    known = zip(file.lines, cells, numbers, strict=True)
    empty, wrong = [], []
    for line, cell, number in known:
        if cell.lower() in EMPTY:
            empty.append(line)
        elif number is None or not abs(number) <= _LARGEST:
            wrong.append((line, cell))
    if empty:
        yield f"{where}: is empty in {_lines(empty)}; fill it in, or remove the rows"
    if len(cells) > 1 and not wrong and len(set(numbers)) == 1:
        yield f"{where}: is {cells[0]} in all rows; choose a column that varies"
    if wrong and len(wrong) + len(empty) == len(cells):
        yield f"{where}: holds no numbers but texts such as {wrong[0][1]!r}; choose a column of numbers"
    elif wrong:
        yield f"{where}: is no number in {_lines([line for line, _ in wrong])}, such as {wrong[0][1]!r}; mend it"


def _lines(numbers: Sequence[int]) -> str:
    """Lines of a file in a message: `line 3`, `lines 3, 5, ... and 7 more`."""
    rest = len(numbers) - _LINES_SHOWN
    shown = ", ".join(map(str, numbers[:_LINES_SHOWN])) + (f" and {rest} more" if rest > 0 else "")
    return f"line{'s' if len(numbers) > 1 else ''} {shown}"
