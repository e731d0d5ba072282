"""A backbone's layers as a table, numbered as `Slice` and `Top` count them."""

from typing import Any

from rich.console import Console
from rich.text import Text

from nas.models.summary import Layer
from nas.records import Shape
from nas.report import words
from nas.report.columns import Column, fitting, make_table

Numbered = tuple[int, Layer]

_COLUMNS = [
    Column[Numbered]("layer", 1, lambda row: str(row[0])),
    Column[Numbered]("path", 2, lambda row: row[1].name, right=False),
    Column[Numbered]("kind", 3, lambda row: row[1].kind, right=False),
    Column[Numbered]("output", 5, lambda row: " x ".join(map(str, row[1].output))),
    Column[Numbered]("params", 4, lambda row: f"{row[1].params:,}" if row[1].params else ""),
]


def print_layers(console: Console, name: str, shape: Shape, layers: tuple[Layer, ...]) -> None:
    """Print the layers of the backbone `name` for images of `shape`, as many columns as fit."""
    seen = " x ".join(map(str, shape))
    params = words.amount(sum(layer.params for layer in layers))
    title = f"{name}: {words.plural(len(layers), 'layer')} without the classifier, {params} parameters, images {seen}"
    console.print(Text(title, style="bold"))
    rows = list(enumerate(layers))
    console.print(make_table(fitting(_COLUMNS, rows, console.width), rows))


def layers_data(name: str, shape: Shape, layers: tuple[Layer, ...]) -> dict[str, Any]:
    """The same as data for JSON."""
    rows = [
        {"index": index, "path": layer.name, "kind": layer.kind, "output": list(layer.output), "params": layer.params}
        for index, layer in enumerate(layers)
    ]
    return {"name": name, "input": list(shape), "layers": rows}
