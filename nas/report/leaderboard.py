"""The leaderboard: a row for each trial that was started, best first, with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal

from optuna.trial import TrialState

from nas.records import Verdict
from nas.report.row import ACCURACY_COLUMNS, REGRESSION_COLUMNS, ROW_COLUMNS, RUNNING, Row, published_column, rows_of
from nas.report.telling import Telling
from nas.search.ledger import Ledger
from nas.search.retention import pareto_front
from nas.space.mistakes import Mistake, SpaceError, near
from nas.space.objectives import GREATER_IS_BETTER, Objective

COMPLETE = Verdict.COMPLETE.value
STATES = (COMPLETE, RUNNING, Verdict.PRUNED.value, Verdict.FAILED.value)
"""In the order of the table."""
_SHORT_NAMES = {
    "accuracy_per_param": "accuracy_per_million_params",
    "val_acc": "val_accuracy",
    "test_acc": "test_accuracy",
    "train_acc": "train_accuracy",
    "r2": "val_r2",
    "time": "seconds",
}


@dataclass(frozen=True)
class Board:
    """The leaderboard of one study. infeasible, duplicates: draws that were never trained, and have no row.

    validation_images: size of the part that trials are compared on; None where it is not known. regression: the
    networks predict numbers, not classes.
    """

    study: str
    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    telling: Telling
    infeasible: int = 0
    duplicates: int = 0
    validation_images: int | None = None
    regression: bool = False

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Objectives, and figures of a regression, that are no field of a row."""
        return extra_columns(self.objectives, self.regression)

    @property
    def published_columns(self) -> tuple[str, ...]:
        """Columns of the figures that others published."""
        names = [name for row in self.rows for own in row.published.values() for name in own]
        return tuple(dict.fromkeys(map(published_column, names)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that can be sorted by."""
        hidden = ACCURACY_COLUMNS if self.regression else ()
        usual = [column for column in ROW_COLUMNS if column not in hidden]
        return (*usual, *self.extra_columns, *self.published_columns)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are in each state, references left out."""
        own = [row.state for row in self.rows if row.reference is None]
        return {state: own.count(state) for state in STATES}

    def complete(self) -> list[Row]:
        """The complete trials of the study, without references, best first by the first objective."""
        done = [row for row in self.rows if row.state == COMPLETE and row.reference is None]
        return sort_rows(done, self.objectives[0].metric, self.objectives)

    def sorted(self, column: str) -> "Board":
        """The same board in the order of another column.

        Raises:
            SpaceError: there is no such column; near names are told.
        """
        name = _SHORT_NAMES.get(column, column)
        if name not in self.columns:
            short = [own for own, stands_for in _SHORT_NAMES.items() if stands_for in self.columns]
            hint = near(column, [*self.columns, *short])
            raise SpaceError([Mistake("--sort", f"there is no column {column!r}", hint)])
        return replace(self, rows=tuple(sort_rows(self.rows, name, self.objectives)))

    def top(self, count: int | None) -> "Board":
        """The same board with the first `count` trials only; references stay."""
        if count is None:
            return self
        kept = {id(row) for row in [row for row in self.rows if row.reference is None][:count]}
        return replace(self, rows=tuple(row for row in self.rows if row.reference is not None or id(row) in kept))


def read_board(main: Ledger, references: Ledger | None) -> Board:
    """The leaderboard of a study, finished or not."""
    verdicts = main.verdicts()
    return Board(
        study=main.name,
        objectives=main.objectives,
        rows=tuple(rows(main, references)),
        telling=Telling.of(record.config for record in main.records()),
        infeasible=verdicts[Verdict.INFEASIBLE],
        duplicates=verdicts[Verdict.DUPLICATE],
        validation_images=main.study.user_attrs.get("counts", {}).get("val"),
        regression=is_regression(main),
    )


def is_regression(ledger: Ledger) -> bool:
    """Whether the study's networks predict numbers."""
    return bool(ledger.study.user_attrs.get("task") == "regression")


def rows(main: Ledger, references: Ledger | None) -> list[Row]:
    """A row for each trial that was started, references among them: complete ones best first by the first objective,
    then running, pruned and failed ones.
    """
    published, extra = main.study.user_attrs.get("published", {}), extra_columns(main.objectives, is_regression(main))
    found = list(rows_of(main, published, extra, _front(main)))
    if references is not None:
        found += rows_of(references, published, extra)
    return sort_rows(found, main.objectives[0].metric, main.objectives)


def extra_columns(objectives: Sequence[Objective], regression: bool = False) -> tuple[str, ...]:
    """Objectives, and figures of a regression, that are no field of a row."""
    wanted = [*(REGRESSION_COLUMNS if regression else ()), *(objective.metric for objective in objectives)]
    return tuple(name for name in dict.fromkeys(wanted) if name not in ROW_COLUMNS)


def sort_rows(found: Sequence[Row], column: str, objectives: Sequence[Objective]) -> list[Row]:
    """Best first by one column within each state; rows without a value there come last."""
    directions = {objective.metric: objective.direction for objective in objectives}
    sign = -1 if directions.get(column, usual_direction(column)) == "maximize" else 1

    def key(row: Row) -> tuple[Any, ...]:
        value = row.value(column)
        number = inf if row.number is None else row.number
        missing = value is None or value == ()
        order = 0 if missing else sign * value if isinstance(value, (int, float)) else str(value)
        return STATES.index(row.state), missing, order, number

    return sorted(found, key=key)


def usual_direction(figure: str) -> Literal["maximize", "minimize"]:
    """Which way a figure is better, by its name."""
    return "maximize" if figure.endswith(GREATER_IS_BETTER) else "minimize"


def _front(ledger: Ledger) -> set[int]:
    """The numbers of the Pareto front; empty with one objective."""
    if len(ledger.objectives) < 2:
        return set()
    signs = [1 if objective.direction == "maximize" else -1 for objective in ledger.objectives]
    return pareto_front(
        {
            frozen.number: [sign * value for sign, value in zip(signs, frozen.values, strict=True)]
            for frozen in ledger.frozen()
            if frozen.state == TrialState.COMPLETE and frozen.values
        }
    )
