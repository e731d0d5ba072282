"""Text tables that fit: as many columns as the terminal is wide, the most important first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

_GAP = 2
"""Spaces between columns: one of padding, one that the box draws."""


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a text table. rank: 1 for the one that is dropped last where the terminal is narrow.

    widest: longer cells are cut, with an ellipsis. wraps: where there is no room, cells are broken into
    lines of at least this width; 0: never.
    """

    title: str
    rank: int
    cell: Callable[[T], str]
    right: bool = True
    widest: int = 1000
    wraps: int = 0

    def width(self, rows: Sequence[T]) -> int:
        """Terminal columns that its title and cells take."""
        texts = [*self.title.split("\n"), *map(self.cell, rows)]
        return min(self.widest, max(map(cell_len, texts)))


def fitting(columns: Sequence[Column[T]], rows: Sequence[T], width: int) -> list[Column[T]]:
    """The columns that fit a width, taken by rank; the first always stays."""
    chosen: list[Column[T]] = []
    room = width + _GAP
    for column in sorted(columns, key=lambda column: column.rank):
        needed = column.width(rows) + _GAP
        if column.wraps:
            needed = max(column.wraps + _GAP, min(needed, room))
        if needed <= room or not chosen:
            chosen.append(column)
            room -= needed
    return [column for column in columns if column in chosen]


def make_table(columns: Sequence[Column[T]], rows: Sequence[T], style: Callable[[T], str] = lambda row: "") -> Table:
    """A table with a line for each row."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(
            column.title, justify=justify, no_wrap=not column.wraps, overflow="ellipsis", max_width=column.widest
        )
    for row in rows:
        table.add_row(*(Text(column.cell(row)) for column in columns), style=style(row))
    return table
