"""The published networks as a table."""

from typing import Any

from rich.console import Console
from rich.text import Text

from nas.config import NETWORKS, NetworkFacts
from nas.report import words
from nas.report.columns import Column, fitting, make_table

Named = tuple[str, NetworkFacts]

_COLUMNS = [
    Column[Named]("name", 1, lambda row: row[0], right=False),
    Column[Named]("network", 7, lambda row: row[1].title, right=False),
    Column[Named]("year", 8, lambda row: str(row[1].year)),
    Column[Named]("params", 2, lambda row: words.amount(row[1].params)),
    Column[Named]("FLOPs", 4, lambda row: words.amount(row[1].flops)),
    Column[Named]("input", 9, lambda row: str(row[1].input)),
    Column[Named]("least\ninput", 5, lambda row: str(row[1].smallest)),
    Column[Named]("top-1", 3, lambda row: words.share(row[1].top1)),
    Column[Named]("when to use it", 6, lambda row: row[1].advice, right=False, wraps=24),
]
_NOTES = (
    "params, FLOPs: 3 channels, 1,000 classes, the published input; the head of a study changes both",
    "least input: below so many pixels a side it cannot be trained; top-1: of its pretrained weights on ImageNet",
)


def print_networks(console: Console) -> None:
    """Print all networks that `Backbone` knows, as many columns as fit."""
    rows = list(NETWORKS.items())
    console.print(make_table(fitting(_COLUMNS, rows, console.width), rows))
    for note in _NOTES:
        console.print(Text(note, style="dim"))


def networks_data() -> list[dict[str, Any]]:
    """The facts as data for JSON."""
    return [{"name": name, **facts._asdict()} for name, facts in NETWORKS.items()]
