"""The leaderboard as text: as many columns as the terminal is wide, the most important first."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from nas.report import words
from nas.report.columns import Column, fitting, make_table
from nas.report.leaderboard import COMPLETE, STATES, Board
from nas.report.row import REGRESSION_COLUMNS, Row

_CAUSES_SHOWN = 10
_STYLES = {"pruned": "dim", "failed": "red", "running": "green"}
_NAME_WIDTH = 24


def shown_columns(board: Board) -> list[Column[Row]]:
    """All columns in which some row has something to show, in the order of the table."""
    starred = any(row.on_front for row in board.rows)

    def number(row: Row) -> str:
        shown = "" if row.number is None else str(row.number)
        return shown + ("*" if row.on_front else " ") if starred else shown

    def extra(metric: str) -> Column[Row]:
        return Column(metric.replace("_", "\n"), 2, lambda row: words.figure(row.value(metric)))

    columns = [
        Column("#", 1, number),
        Column("name", 4, label, right=False, widest=_NAME_WIDTH),
        *map(extra, _own_columns(board)),
        *(_regression_columns() if board.regression else _accuracy_columns()),
        Column("params", 3, lambda row: words.amount(row.params)),
        Column("acc per\nM params", 5, lambda row: words.ratio(row.accuracy_per_million_params)),
        Column("published\nratio", 14, lambda row: published(row, "published_ratio", lambda value: f"{value:.3g}")),
        *map(_published_column, _further_published(board)),
        Column("FLOPs", 13, lambda row: words.amount(row.flops)),
        Column("epochs", 10, lambda row: words.figure(row.epochs)),
        Column("time", 11, lambda row: words.duration(row.seconds)),
        Column("config", 6, lambda row: board.telling.code(row.config), right=False),
    ]
    return [column for column in columns if any(column.cell(row).strip() for row in board.rows)]


def _own_columns(board: Board) -> list[str]:
    """Objectives that the table has no column for otherwise."""
    return [name for name in board.extra_columns if not (board.regression and name in REGRESSION_COLUMNS)]


def _accuracy_columns() -> list[Column[Row]]:
    return [
        _spread_column("val_accuracy", 2),
        _spread_column("test_accuracy", 7),
        _spread_column("train_accuracy", 12),
        Column("published\ntest acc", 9, lambda row: published(row, "published_test_accuracy", words.share)),
    ]


def _regression_columns() -> list[Column[Row]]:
    shown = (("val_r2", 2), ("val_mse", 5), ("val_mae", 9), ("test_r2", 7), ("test_mse", 8), ("train_r2", 12))
    return [_spread_column(name, rank) for name, rank in shown]


def _spread_column(name: str, rank: int) -> Column[Row]:
    """A figure, of several replicates `mean ± sample deviation`."""
    return Column(_title(name), rank, lambda row: words.metric(name, row.value(name), row.spread.get(name)))


def _title(name: str) -> str:
    """The figure's name in two lines: `val acc`, `test r2`."""
    return name.replace("accuracy", "acc").replace("_", "\n", 1).replace("_", " ")


def _further_published(board: Board) -> list[str]:
    """Published figures beside the test accuracy and the ratio, which have columns of their own."""
    own = {"published_ratio"} if board.regression else {"published_ratio", "published_test_accuracy"}
    return [name for name in board.published_columns if name not in own]


def _published_column(name: str) -> Column[Row]:
    return Column(_title(name), 15, lambda row: published(row, name, lambda value: words.metric(name, value)))


def label(row: Row) -> str:
    """A row's names, and its state where it is not complete: `10, 12`, `VGG19 (ref)`, `(pruned)`."""
    return row.name if row.state == COMPLETE else f"{row.name} ({row.state})".strip()


def published(row: Row, column: str, shown: Callable[[float], str]) -> str:
    """A published figure; of a config with several names each one that differs."""
    return " / ".join(dict.fromkeys(shown(value) for value in row.published_values(column)))


def print_board(console: Console, board: Board, limit: int | None = None) -> None:
    """Print heading, table and notes; of the trials only the first `limit`."""
    console.print(Text(heading(board), style="bold"))
    if not board.rows:
        console.print(words.NO_TRIAL)
        return
    hidden, board = len(board.rows), board.top(limit)
    hidden -= len(board.rows)
    columns = fitting(shown_columns(board), board.rows, console.width)
    console.print(make_table(columns, board.rows, lambda row: _style(row, board)))
    if hidden:
        console.print(Text(f"... and {words.plural(hidden, 'more trial')}: --all shows them"))
    for note in notes(board, columns):
        console.print(Text(note, style="dim"))


def heading(board: Board) -> str:
    """The study in a line: its name and how its trials stand."""
    counts = board.counts
    parts = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    return f"{board.study}: {words.plural(sum(counts.values()), 'trial')}" + (f" ({parts})" if parts else "")


def notes(board: Board, columns: Sequence[Column[Row]]) -> list[str]:
    """What the table does not say by itself, a line each."""
    titles = [column.title for column in columns]
    found = []
    if "config" in titles:
        found.append(f"config: {board.telling.legend()}; what is off is left out")
    if any(row.on_front for row in board.rows):
        aims = ", ".join(f"{'higher' if o.direction == 'maximize' else 'lower'} {o.metric}" for o in board.objectives)
        found.append(f"*: on the front ({aims}): no other trial beats it in all of them")
    if any(row.reference is not None for row in board.rows):
        found.append("(ref): a reference, outside the space; it is compared, not searched")
    quoted = [title.replace("\n", " ") for title in titles if title.startswith("published\n") and "ratio" not in title]
    if quoted:
        whose = "its" if len(quoted) == 1 else "their"
        found.append(f"{', '.join(quoted)}: as {whose} authors reported it, on their own data")
    if any(row.spread for row in board.rows):
        found.append("±: sample deviation over the replicates, which are the same config under other seeds")
    if "published\nratio" in titles:
        found.append("published ratio: train accuracy / (10 x params), the authors' own measure; not acc per M params")
    rejected = [(board.infeasible, "infeasible"), (board.duplicates, "duplicate")]
    if any(count for count, _ in rejected):
        told = " and ".join(words.plural(count, f"{kind} draw") for count, kind in rejected if count)
        found.append(f"{told}: not trained, not counted")
    return found + _causes(board)


def _causes(board: Board) -> list[str]:
    failed = [row for row in board.rows if row.state == "failed"]
    lines = [f"{row.name if row.number is None else row.number} failed: {row.cause}" for row in failed[:_CAUSES_SHOWN]]
    return lines + ([f"{len(failed) - _CAUSES_SHOWN} more failed"] if len(failed) > _CAUSES_SHOWN else [])


def _style(row: Row, board: Board) -> str:
    if row.reference is not None:
        return "cyan"
    return "bold" if row is next(iter(board.rows)) and row.state == COMPLETE else _STYLES.get(row.state, "")
