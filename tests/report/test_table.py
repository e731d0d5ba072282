import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nas.report.leaderboard import Board, read_board
from nas.report.table import print_board
from nas.search.opening import open_study
from tests.report.studies import SPACE, small_study, storage_in

WIDE = """\
small: 7 trials (4 complete, 1 running, 1 pruned, 1 failed)
                     val    test   train        published           acc per
 #  name             acc     acc     acc         test acc  params  M params   FLOPs  epochs    time  config
─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
2*                0.8925  0.8850  0.9025                   6.27 M     0.142  12.5 M       8  1h 06m  cl4 f256 bn d0.2
    VGG19 (ref)   0.8875  0.8825  0.8975           0.8790  24.2 M    0.0366  48.5 M       8  2h 30m  vgg19
3*                0.8850  0.8800  0.8950                    182 k      4.86   364 k       8  1m 15s  cl2 f64 d0
 1  10, kernel 5  0.8600  0.8525  0.8700  0.8612 / 0.8600  6.26 M     0.137  12.5 M       8  1h 02m  cl4 f256 d0.2
0*  0             0.6500  0.6400  0.6600           0.6555  79.6 k      8.16   159 k       8    12 s  cl1 f64 d0
 7  (running)     0.6000          0.6000                    300 k      2.00   600 k       3   6.0 s  cl1 f256 d0
 4  (pruned)      0.2500          0.2500                   40.0 k      6.25  80.0 k       2   4.0 s  cl1 f32 d0
 5  (failed)                                               1.90 M            3.80 M       1   2.0 s  cl2 f256 d0
config: cl conv_layers, f filters, bn batch_norm, d dropout; what is off is left out
*: on the front (higher val_accuracy, lower params): no other trial beats it in all of them
(ref): a reference, outside the space; it is compared, not searched
published test acc: as its authors reported it, on their own data
1 infeasible draw: not trained, not counted
5 failed: train loss is nan in epoch 2
"""

USUAL = """\
small: 7 trials (4 complete, 1 running, 1 pruned, 1 failed)
                     val    test           acc per
 #  name             acc     acc  params  M params  epochs  config
────────────────────────────────────────────────────────────────────────────
2*                0.8925  0.8850  6.27 M     0.142       8  cl4 f256 bn d0.2
    VGG19 (ref)   0.8875  0.8825  24.2 M    0.0366       8  vgg19
3*                0.8850  0.8800   182 k      4.86       8  cl2 f64 d0
 1  10, kernel 5  0.8600  0.8525  6.26 M     0.137       8  cl4 f256 d0.2
0*  0             0.6500  0.6400  79.6 k      8.16       8  cl1 f64 d0
 7  (running)     0.6000           300 k      2.00       3  cl1 f256 d0
 4  (pruned)      0.2500          40.0 k      6.25       2  cl1 f32 d0
 5  (failed)                      1.90 M                 1  cl2 f256 d0
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(*small_study(tmp_path_factory.mktemp("home")))


def text(board: Board, width: int, limit: int | None = None) -> str:
    file = io.StringIO()
    print_board(Console(file=file, width=width), board, limit)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_the_whole_text_on_a_wide_terminal(board: Board) -> None:
    assert text(board, 120) == WIDE


def test_the_table_fits_80_columns(board: Board) -> None:
    assert text(board, 80).startswith(USUAL)
    assert max(map(len, text(board, 80).splitlines())) <= 80


def test_with_room_enough_the_published_ratio_is_explained(board: Board) -> None:
    shown = text(board, 200)
    assert "3.92e-09" in shown
    assert "published ratio: train accuracy / (10 x params)" in shown
    assert "published ratio" not in text(board, 80)


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 79])
def test_no_width_is_too_narrow(board: Board, width: int) -> None:
    shown = text(board, width)
    assert max(map(len, shown.splitlines())) <= width


def test_of_many_trials_the_best_are_shown(board: Board) -> None:
    shown = text(board, 80, limit=2)
    assert "... and 5 more trials: --all shows them" in shown
    assert shown.startswith("small: 7 trials (4 complete")


def test_no_colour_where_there_is_no_terminal_and_some_where_there_is(board: Board) -> None:
    assert "\x1b" not in text(board, 80)
    file = io.StringIO()
    print_board(Console(file=file, width=80, force_terminal=True, color_system="standard"), board)
    assert "\x1b[" in file.getvalue()


def test_names_of_any_script_and_with_markup(board: Board) -> None:
    odd = replace(board.rows[0], baseline=("[red]大きい:smile:",))
    shown = text(replace(board, study="Größe [b]", rows=(odd,)), 80)
    assert "[red]大きい:smile:" in shown
    assert "Größe [b]: 1 trial" in shown


def test_a_study_in_which_nothing_has_started(tmp_path: Path) -> None:
    ledger = open_study(storage_in(tmp_path), SPACE, "random", 0, None)
    assert text(read_board(ledger, None), 80) == "small: 0 trials\nNo trial has started yet.\n"
