"""The studies of a storage, a line each."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.storages import RDBStorage
from rich.console import Console

from nas.records import Verdict
from nas.report import words
from nas.report.columns import Column, fitting, make_table
from nas.report.leaderboard import read_board
from nas.search.ledger import Ledger
from nas.search.opening import read_ledgers, study_names
from nas.search.storage import StorageError

_NAME_WIDTH = 32


@dataclass(frozen=True)
class StudyLine:
    """How a study stands. best: the first objective's value of the best complete trial. written: seconds since 1970."""

    study: str
    complete: int
    pruned: int
    failed: int
    running: int
    infeasible: int
    duplicate: int
    references: int
    objective: str
    best: float | None
    best_trial: int | None
    written: float | None


def read_studies(storage: RDBStorage) -> list[StudyLine]:
    """All studies of nas in the storage, by name; what others keep there is passed over."""
    found = []
    for name in study_names(storage):
        try:
            ledgers = read_ledgers(storage, name)
        except StorageError:
            continue
        found.append(_line(*ledgers))
    return found


def _line(main: Ledger, references: Ledger | None) -> StudyLine:
    verdicts, board = main.verdicts(), read_board(main, None)
    best = next(iter(board.complete()), None)
    metric = main.objectives[0].metric
    return StudyLine(
        study=main.name,
        complete=verdicts[Verdict.COMPLETE],
        pruned=verdicts[Verdict.PRUNED],
        failed=verdicts[Verdict.FAILED],
        running=board.counts["running"],
        infeasible=verdicts[Verdict.INFEASIBLE],
        duplicate=verdicts[Verdict.DUPLICATE],
        references=sum(1 for record in references.records() if record.verdict) if references else 0,
        objective=metric,
        best=best.value(metric) if best else None,
        best_trial=best.number if best else None,
        written=_written(main, references),
    )


def _written(main: Ledger, references: Ledger | None) -> float | None:
    """When a trial last started or ended."""
    moments = [
        frozen.user_attrs[name]
        for ledger in (main, references)
        if ledger
        for frozen in ledger.frozen()
        for name in ("started", "finished")
        if name in frozen.user_attrs
    ]
    return max(moments, default=None)


def study_data(line: StudyLine) -> dict[str, Any]:
    """The line as data for JSON; the time in ISO 8601."""
    written = None if line.written is None else datetime.fromtimestamp(line.written, UTC).isoformat(timespec="seconds")
    return {**asdict(line), "written": written}


def print_studies(console: Console, studies: list[StudyLine]) -> None:
    """Print the studies as a table, as many columns as fit."""

    def count(name: str, rank: int) -> Column[StudyLine]:
        return Column(name, rank, lambda line: str(getattr(line, name) or ""))

    columns = [
        Column[StudyLine]("study", 1, lambda line: line.study, right=False, widest=_NAME_WIDTH),
        count("complete", 3),
        count("running", 5),
        count("failed", 6),
        count("pruned", 7),
        Column("best", 2, _best),
        Column("trial", 8, lambda line: "" if line.best_trial is None else str(line.best_trial)),
        Column("last written", 4, lambda line: words.moment(line.written)),
    ]
    shown = [column for column in columns if any(column.cell(line) for line in studies)]
    console.print(make_table(fitting(shown, studies, console.width), studies))


def _best(line: StudyLine) -> str:
    return words.metric(line.objective, line.best)
