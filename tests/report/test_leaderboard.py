from dataclasses import replace
from pathlib import Path

import pytest

from nas import SearchSpace, SpaceError, choice, maximize
from nas.records import EpochMetrics, TrialFailure, TrialResult
from nas.report.leaderboard import Board, read_board, rows
from nas.search.opening import open_study
from nas.space.config import Config
from tests.report.studies import SPACE, begin, config, result, small_study, storage_in


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(*small_study(tmp_path_factory.mktemp("home")))


def test_complete_first_then_running_pruned_failed(board: Board) -> None:
    assert [(row.number, row.state) for row in board.rows] == [
        (2, "complete"),
        (None, "complete"),
        (3, "complete"),
        (1, "complete"),
        (0, "complete"),
        (7, "running"),
        (4, "pruned"),
        (5, "failed"),
    ]
    assert (board.infeasible, board.duplicates) == (1, 0)
    assert board.counts == {"complete": 4, "running": 1, "pruned": 1, "failed": 1}


def test_a_complete_row_has_everything(board: Board) -> None:
    row = next(row for row in board.rows if row.number == 1)
    assert row.baseline == ("10", "kernel 5")
    assert (row.params, row.trainable_params, row.flops) == (6_256_392, 6_256_384, 12_512_784)
    assert (row.val_accuracy, row.test_accuracy, row.train_accuracy) == (0.86, 0.8525, 0.87)
    assert row.accuracy_per_million_params == pytest.approx(0.86 / 6.256392)
    assert (row.epochs, row.best_epoch, row.seconds, row.mlflow_run_id) == (8, 8, 3725.0, "run1")
    assert row.config["model"]["filters"] == 256
    assert row.value("published_test_accuracy") == pytest.approx((0.861214 + 0.86) / 2)
    assert row.value("published_ratio") == 1.41652e-08


def test_a_reference_has_no_number_and_its_published_figures(board: Board) -> None:
    row = next(row for row in board.rows if row.reference)
    assert (row.number, row.reference, row.name, row.baseline) == (None, "VGG19", "VGG19 (ref)", ())
    assert row.value("published_test_accuracy") == 0.879
    assert not row.on_front


def test_unfinished_rows_have_what_is_known(board: Board) -> None:
    running, pruned, failed = board.rows[5:]
    assert (running.val_accuracy, running.test_accuracy, running.epochs, running.seconds) == (0.6, None, 3, 6.0)
    assert (pruned.val_accuracy, pruned.cause) == (0.25, "stopped after 2 of 8 epochs")
    assert (failed.val_accuracy, failed.cause, failed.params) == (None, "train loss is nan in epoch 2", 1_900_000)


def test_the_front_of_accuracy_and_params(board: Board) -> None:
    assert {row.number for row in board.rows if row.on_front} == {0, 2, 3}


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        ("accuracy_per_param", [0, 3, 2, 1, None, 7, 4, 5]),
        ("params", [0, 3, 1, 2, None, 7, 4, 5]),
        ("seconds", [0, 3, 1, 2, None, 7, 4, 5]),
        ("number", [0, 1, 2, 3, None, 7, 4, 5]),
        ("published_test_accuracy", [None, 1, 0, 2, 3, 7, 4, 5]),
        ("baseline", [0, 1, 2, 3, None, 7, 4, 5]),
    ],
)
def test_sorted_by_any_column_within_each_state(board: Board, column: str, numbers: list[int | None]) -> None:
    assert [row.number for row in board.sorted(column).rows] == numbers


def test_a_misspelt_column_is_answered_with_the_nearest(board: Board) -> None:
    with pytest.raises(SpaceError, match=r"--sort: there is no column 'test_acuracy'; did you mean test_accuracy"):
        board.sorted("test_acuracy")


def test_top_keeps_references(board: Board) -> None:
    assert [row.number for row in board.top(2).rows] == [2, None, 3]
    assert board.top(None) is board


class Point(Config):
    x: int


def test_a_plain_objective_has_a_column_of_its_own_and_no_cost(tmp_path: Path) -> None:
    template = Point(x=choice(1, 2, 3))
    space = SearchSpace("plain", template, (maximize("height"),), objective=lambda config, budget: iter([]))
    ledger = open_study(storage_in(tmp_path), space, "random", 0, None)
    for height in (float("nan"), 0.5, 2.0):
        trial = ledger.study.ask()
        point = Point(x=trial.suggest_categorical("x", (1, 2, 3)))
        ledger.begin(trial, point, None)
        ledger.add_epoch(trial, [EpochMetrics(1, {"height": height, "seconds": 1.0})])
        if height == height:
            ledger.complete(trial, TrialResult({"height": height, "seconds": 1.0}, epochs=1), [height])
    found = rows(ledger, None)
    assert [(row.number, row.extra, row.params, row.val_accuracy) for row in found] == [
        (2, {"height": 2.0}, None, None),
        (1, {"height": 0.5}, None, None),
        (0, {}, None, None),
    ]
    assert read_board(ledger, None).extra_columns == ("height",)


def test_a_study_without_trials_or_with_failures_only(tmp_path: Path) -> None:
    ledger = open_study(storage_in(tmp_path), replace(SPACE, baselines={}, published={}), "random", 0, None)
    assert rows(ledger, None) == []
    trial = begin(ledger, config(1, 64), 100)
    ledger.fail(trial, TrialFailure("boom"))
    assert [row.cause for row in read_board(ledger, None).rows] == ["boom"]
    assert read_board(ledger, None).complete() == []


def test_rows_do_not_depend_on_a_curve(tmp_path: Path) -> None:
    ledger = open_study(storage_in(tmp_path), replace(SPACE, baselines={}, published={}), "random", 0, None)
    trial = begin(ledger, config(1, 64), 100)
    ledger.complete(trial, result(0.5, 0.5, 3.0), [0.5, 100.0])
    assert rows(ledger, None)[0].epochs == 8
