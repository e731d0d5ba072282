from dataclasses import replace
from math import sqrt
from typing import Any

import pytest

from nas.report.answer import answer, standard_error
from nas.report.leaderboard import Board, read_board
from nas.space.objectives import Objective
from tests.report.studies import small_study


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return replace(read_board(*small_study(tmp_path_factory.mktemp("home"))), validation_images=400)


def test_the_sentences(board: Board) -> None:
    assert answer(board) == [
        "Best val accuracy: trial 2, val accuracy 0.8925, 6.27 M parameters: conv_layers 4, filters 256, batch_norm, "
        "dropout 0.2.",
        "Best accuracy per parameter (8.16 per million): trial 0 (baseline 0), val accuracy 0.6500, 79.6 k parameters: "
        "conv_layers 1, filters 64, no batch_norm, dropout 0.",
        "Smallest within one standard error of the best (0.8925 - 0.0155, 400 validation images): trial 3, val "
        "accuracy 0.8850, 182 k parameters: conv_layers 2, filters 64, no batch_norm, dropout 0.",
        "Reference VGG19: val accuracy 0.8875, 24.2 M parameters, 3.87 times those of the best.",
    ]


def test_the_standard_error_of_a_share() -> None:
    assert standard_error(0.5, 100) == pytest.approx(0.05)
    assert standard_error(0.8925, 400) == pytest.approx(sqrt(0.8925 * 0.1075 / 400))
    assert standard_error(1.0, 10) == 0


def test_a_narrow_error_leaves_only_the_best(board: Board) -> None:
    assert answer(replace(board, validation_images=40_000))[2].endswith("the same, trial 2.")


def test_without_the_size_of_the_validation_part_nothing_is_said_of_its_error(board: Board) -> None:
    assert len(answer(replace(board, validation_images=None))) == 3


def test_before_the_first_trial_has_ended(board: Board) -> None:
    assert answer(replace(board, rows=board.rows[5:])) == ["small: no trial is complete yet."]


def test_of_a_plain_objective_its_own_value_is_told(board: Board) -> None:
    objective = (Objective("y", "minimize"),)
    blank: dict[str, Any] = {"params": None, "val_accuracy": None, "accuracy_per_million_params": None, "config": {}}
    rows = tuple(replace(row, **blank, extra={"y": 1.0}) for row in board.rows[:2])
    assert answer(replace(board, rows=rows, objectives=objective)) == ["Best y: trial 2, y 1.", "Reference VGG19: y 1."]
