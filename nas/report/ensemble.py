"""What an ensemble reaches beside its members, as a text table and a sentence."""

from collections.abc import Sequence

from rich.console import Console

from nas.artifacts.ensemble import Measured
from nas.report import words
from nas.report.columns import Column, fitting, make_table

_RANKS = {"accuracy": 3, "r2": 3, "loss": 5, "mse": 6, "mae": 7}


def print_ensemble(console: Console, measured: Sequence[Measured]) -> None:
    """A line for each member, then the ensemble, then what it gains."""
    columns = [
        Column("network", 1, lambda row: row.name, right=False),
        *(_figure(part, name) for part in ("val", "test") for name in _RANKS),
        Column[Measured]("params", 4, lambda row: words.amount(row.params)),
    ]
    shown = [column for column in columns if any(column.cell(row) for row in measured)]
    console.print(make_table(fitting(shown, measured, console.width), measured))
    console.print()
    console.print(gain(measured), markup=False, highlight=False)


def gain(measured: Sequence[Measured]) -> str:
    """One sentence: how the ensemble compares with its best member on the test part."""
    *members, together = measured
    name = "accuracy" if "accuracy" in together.test else "r2"
    best = max(members, key=lambda member: member.test[name])
    difference = together.test[name] - best.test[name]
    how = "as good as" if difference == 0 else f"{abs(difference):.4f} {'above' if difference > 0 else 'below'}"
    return f"Test {name} of the ensemble: {together.test[name]:.4f}, {how} its best member ({best.name})."


def _figure(part: str, name: str) -> Column[Measured]:
    def cell(row: Measured) -> str:
        value = (row.val if part == "val" else row.test).get(name)
        return words.share(value) if name in ("accuracy", "r2") else words.figure(value)

    return Column(f"{part}\n{name}", _RANKS[name] - (part == "test"), cell)
