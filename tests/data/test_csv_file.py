from pathlib import Path

import pytest

from nas.data.csv_file import column_names, read_csv
from nas.data.errors import DataError


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> str:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(cells) for cells in (["a", "b", "y"], ["1", "x y", "2"], ["3", "z", "4"]))
    file = read_csv(write(tmp_path, text), "y")
    assert file.names == ("a", "b", "y")
    assert file.rows == (("1", "x y", "2"), ("3", "z", "4"))
    assert file.lines == (2, 3)


def test_lines_above_the_header_are_skipped(tmp_path: Path) -> None:
    file = read_csv(write(tmp_path, '3,2,,\r\nfrom a census\r\n\r\n"a","b","y"\r\n1,2,3\r\n\r\n4,5,6\r\n'), "y")
    assert file.names == ("a", "b", "y")
    assert file.rows == (("1", "2", "3"), ("4", "5", "6"))
    assert file.lines == (5, 7)


def test_the_header_is_the_first_line_that_holds_the_target_and_may_stand_in_line_20(tmp_path: Path) -> None:
    above = "note\n" * 19
    assert read_csv(write(tmp_path, above + "a,y\n1,2\n"), "y").names == ("a", "y")
    with pytest.raises(DataError, match="has no column 'y'"):
        read_csv(write(tmp_path, above + "note\na,y\n1,2\n"), "y")


def test_quotes_blanks_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = read_csv(write(tmp_path, '﻿ a , "b, and c" ,y\n 1 ,"two, or ""2""", 3 \n'), "y")
    assert file.names == ("a", "b, and c", "y")
    assert file.rows == (("1", 'two, or "2"', "3"),)


def test_a_delimiter_inside_the_cells_of_another_does_not_mislead(tmp_path: Path) -> None:
    file = read_csv(write(tmp_path, "a, in m;b;y\n1,5;2;3,25\n"), "y")
    assert file.names == ("a, in m", "b", "y")
    assert file.decimal == ","


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is empty; give a CSV file with a header"),
        ("price,rooms\n1,2\n", "has no column 'pricee'; did you mean price? (its columns are price, rooms)"),
        ("506,3,,\nyear,rooms,area\n1,2,3\n", "has no column 'pricee'; its columns are year, rooms, area"),
        ("pricee,pricee\n1,2\n", "has 2 columns 'pricee'; give each a name of its own"),
        ("pricee,b\n1,2\n1\n1,2,3\n", "line 3: 1 cells where the header has 2; mend or remove it"),
        ("a\0b", "holds zero bytes; give a CSV file with a header"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, line: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_csv(path, "pricee")
    assert caught.value.lines[0] == f"{path}: {line}"


def test_a_quote_that_is_not_closed_in_a_long_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,y\n1,2\n3,"' + "4\n" * 70_000)
    with pytest.raises(DataError, match=r": line 3: field larger than field limit \(131072\); is a quote not closed"):
        read_csv(path, "y")


def test_another_encoding_and_a_missing_file(tmp_path: Path) -> None:
    path = write(tmp_path, "größe,y\n1,2\n", "latin-1")
    with pytest.raises(DataError, match=r"is not UTF-8 \(byte 2\); save it"):
        read_csv(path, "y")
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\); give a CSV file"):
        read_csv(str(tmp_path / "none.csv"), "y")


def test_the_names_of_columns_without_a_target(tmp_path: Path) -> None:
    assert column_names(write(tmp_path, "506,3,,,\na;b;y\n1;2;3\n")) == ("a", "b", "y")
