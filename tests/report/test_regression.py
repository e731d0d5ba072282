"""A study that predicts numbers, and one with replicates, as all reports show them."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nas import SpaceError
from nas.report.answer import answer
from nas.report.export import to_csv, to_json, to_markdown
from nas.report.leaderboard import Board, read_board
from nas.report.table import print_board
from nas.report.trial import read_sheet, sheet_data
from nas.report.trial_text import print_sheet
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from tests.report.ablations import ablated_study, regression_study

TEXT = """\
regression: 3 trials (3 complete)
            val   val  val    test   train          published  published
 #  name      r2   mse  mae      r2      r2  params         r2   test mse  FLOPs  epochs   time  config
────────────────────────────────────────────────────────────────────────────────────────────────────────
0  base  0.5000  3000   40  0.4800  0.6000     200     0.4500       3000    400       2  3.0 s  w16 id0
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(regression_study(tmp_path_factory.mktemp("home")), None)


@pytest.fixture(scope="module")
def ablated(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return ablated_study(tmp_path_factory.mktemp("home"))


def text(board: Board, width: int = 140) -> str:
    file = io.StringIO()
    print_board(Console(file=file, width=width), board)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_the_table_has_r2_and_errors_in_place_of_accuracies(board: Board) -> None:
    shown = text(board).splitlines()
    assert "acc" not in text(board)
    assert [line.split() for line in shown[:5]] == [line.split() for line in TEXT.splitlines()]
    assert "published r2, published test mse: as their authors reported it, on their own data" in shown


def test_machines_get_them_too(board: Board) -> None:
    found = json.loads(to_json(board))
    assert all(row.keys() == found[0].keys() for row in found)
    assert not [name for name in found[0] if "accuracy" in name]
    assert (found[0]["val_r2"], found[0]["val_r2_std"], found[0]["test_r2"]) == (0.5, None, pytest.approx(0.48))
    assert (found[0]["published_r2"], found[0]["published"]) == (0.45, {"base": {"r2": 0.45, "test_mse": 3000.0}})
    row = next(csv.DictReader(io.StringIO(to_csv(board))))
    assert (row["val_mse"], row["published_test_mse"]) == ("3000.0", "3000.0")
    assert to_markdown(board).startswith("| # | name | val r2 | val mse | val mae | test r2 | train r2 | params |")


def test_the_best_and_the_smallest_that_is_nearly_as_good(board: Board) -> None:
    assert answer(board) == [
        "Best val r2: trial 0 (baseline base), val r2 0.5000, 200 parameters: width 16, input_dropout 0.",
        "Smallest within 1 % of the best (val r2 0.5000): trial 1, val r2 0.4970, 50 parameters: width 4, "
        "input_dropout 0.",
    ]
    first = replace(board.rows[0], replicates=4, spread={"val_r2": 0.004})
    narrow = replace(board, rows=(first, *board.rows[1:]))
    assert answer(narrow)[1] == (
        "Smallest within one standard error of the best (0.5000 ± 0.0020, 4 replicates): the same, trial 0."
    )


def test_sorted_the_better_way(board: Board) -> None:
    assert [row.number for row in board.sorted("r2").rows] == [0, 1, 2]
    assert [row.number for row in board.sorted("val_mse").rows] == [0, 1, 2]
    assert [row.number for row in board.sorted("test_r2").rows] == [0, 1, 2]
    with pytest.raises(SpaceError, match=r"no column 'val_acc'; did you mean val_mae or val_r2"):
        board.sorted("val_acc")


def test_replicates_are_shown_as_mean_and_deviation(ablated: Ledger) -> None:
    board = read_board(ablated, None)
    assert "0.8200 ± 0.0200  0.8100 ± 0.0200" in text(board, 160)
    assert "±: sample deviation over the replicates, which are the same config under other seeds" in text(board)
    found = json.loads(to_json(board))
    base = next(row for row in found if row["number"] == 0)
    assert (base["val_accuracy_std"], base["replicates"]) == (pytest.approx(0.02), 3)
    failed = next(row for row in found if row["number"] == 4)
    assert failed["val_accuracy_std"] is None


def test_a_trial_shows_each_seed(ablated: Ledger, tmp_path: Path) -> None:
    sheet = read_sheet(ablated, None, "base", Layout(tmp_path, tmp_path), "none")
    file = io.StringIO()
    print_sheet(Console(file=file, width=100), sheet)
    lines = file.getvalue().splitlines()
    assert [" ".join(line.split()) for line in lines if "±" in line] == [
        "val accuracy 0.82 ± 0.02",
        "test accuracy 0.81 ± 0.02",
    ]
    begin = next(index for index, line in enumerate(lines) if line.startswith("Replicates"))
    assert [line.split()[:3] for line in lines[begin + 4 : begin + 7]] == [
        ["0", "0.8", "0.79"],
        ["1", "0.82", "0.81"],
        ["2", "0.84", "0.83"],
    ]
    assert sheet_data(sheet)["replicates"][1]["seed"] == 1


def test_published_figures_of_any_name_have_columns(board: Board) -> None:
    odd = {"base": {"macro_f1": 0.5, "precision": 0.25, "published_recall": 0.125, "val_accuracy": 0.75}}
    changed = replace(board, rows=(replace(board.rows[0], published=odd), *board.rows[1:]))
    assert changed.published_columns == (
        "published_macro_f1", "published_precision", "published_recall", "published_val_accuracy",
    )  # fmt: skip
    for value in ("0.5000", "0.2500", "0.1250", "0.7500"):
        assert value in text(changed, 200)
        assert value in to_markdown(changed)
    assert json.loads(to_json(changed))[0]["published_recall"] == 0.125
    assert "published_val_accuracy" in to_csv(changed).splitlines()[0]
