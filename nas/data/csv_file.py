"""A CSV file as text: where its header stands, what parts its cells, and its rows. Loads without numpy and torch."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from nas.data.errors import DataError, listed
from nas.data.paths import expanded
from nas.space.mistakes import near

DELIMITERS = (",", ";", "\t")
HEADER_WITHIN = 20
"""The header is looked for in so many first lines."""
_SHOWN = 30
_PACKED, _SHEET, _PICTURE = (
    "is packed; unpack it",
    "is a zip file or a spreadsheet; save it as CSV",
    ("is an image; give the folder that holds a folder of images for each class"),
)
_OTHER_KINDS = {
    b"\x1f\x8b": _PACKED,
    b"PK\3\4": _SHEET,
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
}
"""How files begin that are taken for tables by mistake."""


@dataclass(frozen=True)
class CsvFile:
    """The rows below a header. names: of the columns. lines: the number of each row's line in the file, from 1.

    decimal: what parts whole from fraction in its numbers.
    """

    path: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal: str = "."


def read_csv(path: str, target: str) -> CsvFile:
    """The rows of a file. Its header is the first of the first lines that holds `target`; what is above is skipped.

    Cells are parted by commas, semicolons or tabs, whichever makes the header longest, and stripped of blanks around
    them; with semicolons, numbers may have a decimal comma.

    Raises:
        DataError: it cannot be read, has no such column, or has rows of another length than its header.
    """
    text = _text(path)
    found = [header for delimiter in DELIMITERS if (header := _find_header(path, text, delimiter, target))]
    if not found:
        names = _likeliest_header(path, text)
        raise DataError(f"{path}: has no column {target!r}; {_hint(target, names)}")
    names, line, delimiter = max(found, key=lambda header: len(header[0]))
    again = [name for name, count in Counter(names).items() if name and count > 1]
    if again:
        raise DataError(
            *(f"{path}: has {names.count(name)} columns {name!r}; give each a name of its own" for name in again)
        )
    below = [(number, cells) for number, cells in _rows(path, text, delimiter) if number > line]
    uneven = [
        f"{path}: line {number}: {len(cells)} cells where the header has {len(names)}; mend or remove it"
        for number, cells in below
        if len(cells) != len(names)
    ]
    if uneven:
        raise DataError(*listed(uneven))
    decimal = "," if delimiter == ";" else "."
    return CsvFile(path, names, tuple(cells for _, cells in below), tuple(number for number, _ in below), decimal)


def column_names(path: str) -> tuple[str, ...]:
    """What is likely the header of a file: of its first lines the one with most cells that hold something.

    Raises:
        DataError: it cannot be read.
    """
    return _likeliest_header(path, _text(path))


def shown_names(names: Sequence[str]) -> str:
    """The names of columns in a message, cut where there are many."""
    rest = len(names) - _SHOWN
    return ", ".join([*names[:_SHOWN], *([f"... and {rest} more"] if rest > 0 else [])])


def _text(path: str) -> str:
    try:
        content = expanded(path).read_bytes()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', error)}); give a CSV file") from None
    for begins, mistake in _OTHER_KINDS.items():
        if content.startswith(begins):
            raise DataError(f"{path}: {mistake}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 (byte {error.start}); save it as a CSV file in UTF-8") from None
    if not text.strip() or "\0" in text:
        raise DataError(f"{path}: {'holds zero bytes' if text.strip() else 'is empty'}; give a CSV file with a header")
    return text


def _rows(path: str, text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Number of the line and cells of each row; lines without any cell are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    begins = 1
    try:
        for cells in reader:
            begins = reader.line_num + 1
            if cells:
                yield reader.line_num, tuple(cell.strip() for cell in cells)
    except csv.Error as error:  # most often all that follows a quote
        raise DataError(f"{path}: line {begins}: {error}; is a quote not closed there?") from None


def _find_header(path: str, text: str, delimiter: str, target: str) -> tuple[tuple[str, ...], int, str] | None:
    """Names, line and delimiter of the first row that holds the target."""
    for line, cells in islice(_rows(path, text, delimiter), HEADER_WITHIN):
        if target in cells:
            return cells, line, delimiter
    return None


def _likeliest_header(path: str, text: str) -> tuple[str, ...]:
    rows = [cells for delimiter in DELIMITERS for _, cells in islice(_rows(path, text, delimiter), HEADER_WITHIN)]
    return max(rows, key=lambda cells: sum(map(bool, cells)))


def _hint(target: str, names: Sequence[str]) -> str:
    hint = near(target, names)
    columns = f"its columns are {shown_names(names)}"
    return f"{hint} ({columns})" if hint.startswith("did you mean") else columns
