"""The leaderboard: a row for each trial that was started, best first, with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from optuna.trial import TrialState

from nas.records import Verdict
from nas.report.row import ROW_COLUMNS, RUNNING, Row, published_column, rows_of
from nas.report.telling import Telling
from nas.search.ledger import Ledger
from nas.search.retention import pareto_front
from nas.space.mistakes import Mistake, SpaceError, near
from nas.space.search_space import Objective

COMPLETE = Verdict.COMPLETE.value
STATES = (COMPLETE, RUNNING, Verdict.PRUNED.value, Verdict.FAILED.value)
"""In the order of the table."""
_SHORT_NAMES = {
    "accuracy_per_param": "accuracy_per_million_params",
    "val_acc": "val_accuracy",
    "test_acc": "test_accuracy",
    "train_acc": "train_accuracy",
    "time": "seconds",
}
_MORE_IS_BETTER = ("accuracy", "accuracy_per_million_params", "ratio", "on_front")
"""Names, or ends of names, of columns in which the largest value comes first."""


@dataclass(frozen=True)
class Board:
    """The leaderboard of one study. infeasible, duplicates: draws that were never trained, and have no row.

    validation_images: size of the part that trials are compared on; None where it is not known.
    """

    study: str
    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    telling: Telling
    infeasible: int = 0
    duplicates: int = 0
    validation_images: int | None = None

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Objectives that have no column of their own."""
        return extra_columns(self.objectives)

    @property
    def published_columns(self) -> tuple[str, ...]:
        """Columns of the figures that others published."""
        names = [name for row in self.rows for own in row.published.values() for name in own]
        return tuple(dict.fromkeys(map(published_column, names)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that can be sorted by."""
        return (*ROW_COLUMNS, *self.extra_columns, *self.published_columns)

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
            hint = near(column, [*self.columns, *_SHORT_NAMES])
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
    )


def rows(main: Ledger, references: Ledger | None) -> list[Row]:
    """A row for each trial that was started, references among them: complete ones best first by the first objective,
    then running, pruned and failed ones.
    """
    published, extra = main.study.user_attrs.get("published", {}), extra_columns(main.objectives)
    found = list(rows_of(main, published, extra, _front(main)))
    if references is not None:
        found += rows_of(references, published, extra)
    return sort_rows(found, main.objectives[0].metric, main.objectives)


def extra_columns(objectives: Sequence[Objective]) -> tuple[str, ...]:
    """Objectives that are no field of a row."""
    return tuple(objective.metric for objective in objectives if objective.metric not in ROW_COLUMNS)


def sort_rows(found: Sequence[Row], column: str, objectives: Sequence[Objective]) -> list[Row]:
    """Best first by one column within each state; rows without a value there come last."""
    directions = {objective.metric: objective.direction for objective in objectives}
    upwards = column.endswith(_MORE_IS_BETTER)
    sign = -1 if directions.get(column, "maximize" if upwards else "minimize") == "maximize" else 1

    def key(row: Row) -> tuple[Any, ...]:
        value = row.value(column)
        number = inf if row.number is None else row.number
        missing = value is None or value == ()
        order = 0 if missing else sign * value if isinstance(value, (int, float)) else str(value)
        return STATES.index(row.state), missing, order, number

    return sorted(found, key=key)


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
