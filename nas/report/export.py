"""The leaderboard for machines and documents: JSON, CSV, Markdown."""

import csv
import io
import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from nas.report import words
from nas.report.leaderboard import Board
from nas.report.table import notes, shown_columns


def to_json(board: Board) -> str:
    """A list of objects, one for each row, with the same keys in each; null where there is none."""
    found = [
        {
            **{name: row.value(name) for name in board.columns},
            "published": dict(row.published) or None,
            "config": row.config,
        }
        for row in board.rows
    ]
    return json.dumps(jsonable(found), indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(board: Board) -> str:
    """A line for each row: the columns of the JSON, then the values that tell the configs apart, by path."""
    paths = list(board.telling.words)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*board.columns, *paths])
    for row in board.rows:
        values = board.telling.values(row.config)
        cells = [row.value(name) for name in board.columns] + [values.get(path) for path in paths]
        writer.writerow([_cell(value) for value in cells])
    return text.getvalue()


def to_markdown(board: Board) -> str:
    """A table for a README, with the notes below it."""
    if not board.rows:
        return f"{words.NO_TRIAL}\n"
    columns = shown_columns(board)
    lines = [
        [column.title.replace("\n", " ") for column in columns],
        ["---:" if column.right else "---" for column in columns],
        *([_escape(column.cell(row)) for column in columns] for row in board.rows),
    ]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n\n".join([table, *map(_escape, notes(board, columns))]) + "\n"


def jsonable(value: Any) -> Any:
    """The value as strict JSON data: tuples as lists, numbers that are not finite as None."""
    if isinstance(value, Mapping):
        return {name: jsonable(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _cell(value: Any) -> str:
    """Empty for none, `a; b` for several names, truth values as in JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
