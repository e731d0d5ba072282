"""CSV files that cannot be used, or not as they are: what a person reads of each."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nas import Table
from nas.data.errors import DataError
from nas.data.prepare import prepare
from nas.data.tables import read_table
from nas.records import DataPlace
from tests.bad_input.case import Case, run_case, run_process
from tests.bad_input.small_data import IMAGES, ROWS, make_images, search

GOOD = ["a,b,y", *(f"{index},{index**2 % 7},{index / 2}" for index in range(20))]
BELOW = GOOD[1:]


def on(
    lines: list[str] | bytes, target: str | None = "y", name: str = "t.csv", space: str = ROWS
) -> Callable[[Path], list[str]]:
    """Arguments of a search on a file of these lines."""

    def arguments(folder: Path) -> list[str]:
        (folder / name).write_bytes(lines if isinstance(lines, bytes) else "\n".join(lines).encode())
        return search(folder, space, folder / name, *(() if target is None else ("--target", target)))

    return arguments


def spreadsheet(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "t.xlsx", "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return search(folder, ROWS, folder / "t.xlsx", "--target", "y")


def a_folder(folder: Path) -> list[str]:
    return search(folder, ROWS, make_images(folder / "t.csv", {"a": 6, "b": 6}), "--target", "y")


REFUSED = [
    Case("missing", lambda folder: search(folder, ROWS, "none.csv", "--target", "y"), "--data", "'none.csv' is neither",
         "known are"),
    Case("a folder", a_folder, "--target", "names a column of a CSV file, and", "leave it out"),
    Case("no target given", on(GOOD, None), "--data", "t.csv is a table", "--target; it has a, b, y"),
    Case("target without a file", lambda folder: [*search(folder, ROWS, "digits"), "--target", "y"], "--target",
         "digits is none", "leave it out"),
    Case("table for images", on(GOOD, space=IMAGES), "--data",
         "t.csv is a table, and tiny aims at val_accuracy", "take a space of MLPs"),
    Case("empty", on(b""), "t.csv", "is empty", "give a CSV file with a header"),
    Case("blank", on(b"\n \n\t\n"), "t.csv", "is empty", "give a CSV file with a header"),
    Case("header alone", on(["a,b,y"]), "t.csv", "has no rows", "add some"),
    Case("header alone, with a line end", on(["a,b,y", ""]), "t.csv", "has no rows", "add some"),
    Case("target alone", on(["y", *map(str, range(20))]), "t.csv", "has no columns beside the target", "add some"),
    Case("few rows", on(GOOD[:8]), "t.csv", "has 7 rows with 7 different inputs", "give 10 rows"),
    Case("all rows the same", on(["a,b,y", *(f"1,1,{index}" for index in range(20))]), "t.csv",
         "has 20 rows with 1 different inputs", "give 10 rows with 3 different ones at least"),
    Case("no target column", on(GOOD, "z"), "t.csv", "has no column 'z'", "its columns are a, b, y"),
    Case("near target column", on(["rooms,area,price", *BELOW], "Price"), "t.csv", "has no column 'Price'",
         "did you mean price?"),
    Case("bars between cells", on([line.replace(",", "|") for line in GOOD]), "t.csv", "has no column 'y'", "a|b|y"),
    Case("two columns of a name", on(["a,a,y", *BELOW]), "t.csv", "has 2 columns 'a'", "give each a name of its own"),
    Case("two targets", on(["a,y,y", *BELOW]), "t.csv", "has 2 columns 'y'", "give each a name of its own"),
    Case("ragged", on([*GOOD, "1,2", "1,2,3,4"]), "t.csv", "line 22: 2 cells where the header has 3", "mend or remove",
         more=[("t.csv", "line 23: 4 cells where the header has 3", "mend or remove")]),
    Case("open quote", on([*GOOD, '"' + "1,2,3\n" * 30_000]), "t.csv", "line 22: field larger than", "is a quote"),
    Case("missing target", on([*GOOD, "1,2,"]), "t.csv", "target 'y': is empty in line 22", "fill it in"),
    Case("text as target", on(["a,b,y", *(f"{index},{index},cat" for index in range(20))]), "t.csv",
         "target 'y': holds no numbers but texts such as 'cat'", "choose a column of numbers"),
    Case("text in the target", on([*GOOD, "1,2,cat"]), "t.csv", "target 'y': is no number in line 22, such as 'cat'",
         "mend it"),
    Case("infinite target", on([*GOOD, "1,2,inf"]), "t.csv", "target 'y': is no number in line 22", "mend it"),
    Case("target of one value", on(["a,b,y", *(f"{index},{index},3" for index in range(20))]), "t.csv",
         "target 'y': is 3 in all rows", "choose a column that varies"),
    Case("text in a column of numbers", on([*GOOD, "cat,2,3"]), "t.csv", "column 'a': is no number in line 22, such as "
         "'cat'", "mend it"),
    Case("infinite", on([*GOOD, "inf,2,3"]), "t.csv", "column 'a': too large a number in line 22", "change or remove"),
    Case("beyond float32", on([*GOOD, "1e39,2,3"]), "t.csv", "column 'a': too large a number in line 22", "change"),
    Case("thousands marked", on(["a,b,y", *(f'"1,{index:03}",{index},{index}' for index in range(20))]), "t.csv",
         "column 'a': has marks between the thousands, such as '1,000'", "write numbers without"),
    Case("a name in each row", on(["a,b,y", *(f"n{index},{index},{index}" for index in range(101))]), "t.csv",
         "column 'a': holds 101 different texts", "remove it"),
    Case("Latin-1", on("\n".join(["größe,b,y", *BELOW]).encode("latin-1")), "t.csv", "is not UTF-8 (byte 2)", "save"),
    Case("UTF-16", on("\n".join(GOOD).encode("utf-16")), "t.csv", "is not UTF-8 (byte 0)", "save it as a CSV file"),
    Case("UTF-16 without a mark", on("\n".join(GOOD).encode("utf-16-le")), "t.csv", "holds zero bytes", "give a CSV"),
    Case("packed", on(gzip.compress(b"a,b,y\n1,2,3\n"), name="t.csv.gz"), "t.csv.gz", "is packed", "unpack it"),
    Case("spreadsheet", spreadsheet, "t.xlsx", "is a zip file or a spreadsheet", "save it as CSV"),
    Case("image", on(b"\x89PNG\r\n\x1a\n" + bytes(99)), "t.csv", "is an image", "give the folder"),
    Case("bytes", on(bytes(range(1, 256)) * 9), "t.csv", "is not UTF-8 (byte 127)", "save it"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(case: Case, tmp_path: Path) -> None:
    run_case(case, tmp_path)


@pytest.mark.slow
def test_refused_by_a_process(tmp_path: Path) -> None:
    run_process(next(case for case in REFUSED if case.name == "infinite"), tmp_path)


def written(tmp_path: Path, lines: list[str], encoding: str = "utf-8") -> Table:
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return Table(path=str(path), target="y")


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        (GOOD, "utf-8-sig"),
        ([line.replace(",", ";") for line in GOOD], "utf-8"),
        ([line.replace(",", ";").replace(".", ",") for line in GOOD], "utf-8"),
        ([line.replace(",", "\t") for line in GOOD], "utf-8"),
        ([f"{line}\r" for line in GOOD], "utf-8"),
        (["sep=,", *GOOD, "", ""], "utf-8"),
        ([",".join(f'"{cell}"' for cell in line.split(",")) for line in GOOD], "utf-8"),
    ],
)
def test_the_same_table_written_in_other_ways(lines: list[str], encoding: str, tmp_path: Path) -> None:
    wanted = read_table(written(tmp_path, GOOD))
    table = read_table(written(tmp_path, lines, encoding))
    assert table.digest == wanted.digest
    assert table.names == ("a", "b")


def test_what_is_missing_or_tells_nothing(tmp_path: Path) -> None:
    lines = ['a,"b\nc",none,flat,y', *(f"{index},{index},,7,{index}" for index in range(20)), ",NaN,,7,1", "?,2,,7,1"]
    data = written(tmp_path, lines)
    info = prepare(data, DataPlace(tmp_path, tmp_path), 0)
    assert info.shape == (3, 1, 1)
    assert info.warnings == (
        f"{data.path}: column 'none' is empty and left out",
        f"{data.path}: column 'a': 2 empty cells take the train part's mean",
        f"{data.path}: column 'b\\nc': 1 empty cells take the train part's mean",
    )


def test_codes_are_no_spoiled_numbers(tmp_path: Path) -> None:
    lines = ["grade,b,y", *(f"{index % 5 if index % 5 else 'none yet'},{index},{index}" for index in range(50))]
    assert read_table(written(tmp_path, lines)).names[:5] == tuple(f"grade={v}" for v in (1, 2, 3, 4, "none yet"))


def test_numbers_that_only_python_reads_are_texts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column 'a': is no number in line 22, such as '1_0'"):
        read_table(written(tmp_path, [*GOOD, "1_0,1,1"]))


def test_numbers_of_all_sizes_stay_finite(tmp_path: Path) -> None:
    lines = ["a,b,y", *(f"{1e30 * index},{1e-30 * index},{1.7e9 + index}" for index in range(20))]
    table = read_table(written(tmp_path, lines))
    assert np.isfinite(table.inputs).all()
    assert len(np.unique(table.targets)) == 20
