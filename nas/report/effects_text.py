"""Effects and comparisons of options as text tables, with the sentences that say what they mean."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from nas.report import words
from nas.report.columns import Column, fitting, make_table
from nas.report.effects import Effect, Effects
from nas.report.paired import Difference


def effect_columns(effects: Effects) -> list[Column[Effect]]:
    """All columns in which some row has something to show."""
    columns: list[Column[Effect]] = [
        Column("factor", 1, lambda row: effects.names[row.factor], right=False),
        Column("from -> to", 2, lambda row: f"{in_words(row.before)} -> {in_words(row.after)}", right=False),
        Column(f"change of\n{effects.metric}", 3, lambda row: signed(row.difference.mean, effects.metric)),
        Column("95 % interval", 4, lambda row: interval(row.difference, effects.metric), right=False),
        Column("clear", 5, lambda row: _clear(row.difference), right=False),
        Column("p\n(Holm)", 6, lambda row: "" if row.holm is None else f"{row.holm:.2g}"),
        Column("change of\nparams", 7, lambda row: signed(row.params, "params")),
        Column("trial", 8, lambda row: str(row.trial)),
    ]
    return [column for column in columns if any(column.cell(row) for row in effects.rows)]


def print_effects(console: Console, effects: Effects) -> None:
    """Print heading, table and notes."""
    console.print(Text(effects_heading(effects), style="bold"))
    if effects.rows:
        columns = fitting(effect_columns(effects), effects.rows, console.width)
        console.print(make_table(columns, effects.rows, lambda row: "bold" if row.difference.clear else ""))
    for note in effect_notes(effects):
        console.print(Text(note, style="dim"))


def effects_heading(effects: Effects) -> str:
    """The base and what it reaches, in a line."""
    base = effects.base
    shown = words.metric(effects.metric, effects.value, effects.deviation)
    return (
        f"{effects.study}: {words.plural(len(effects.rows), 'single change')} of baseline {', '.join(base.baseline)} "
        f"(trial {base.number}, {effects.metric.replace('_', ' ')} {shown}), best first"
    )


def effect_notes(effects: Effects) -> list[str]:
    """What the table does not say by itself, a line each."""
    found = []
    if not effects.rows:
        found.append("no complete trial differs from it in exactly one value; --sampler ablation tries such ones")
    elif not effects.paired:
        found.append(
            "one seed each: these differences may be chance; replicates=3 or more in the template gives intervals"
        )
    else:
        pairs = sorted({row.difference.pairs for row in effects.rows})
        counts = str(pairs[0]) if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]}"
        found.append(
            f"change: mean difference to the base over {counts} paired seeds; clear: its interval leaves out 0"
        )
        if len(effects.rows) > 1:
            found.append(
                f"intervals are not corrected for {len(effects.rows)} comparisons at once; p is (Holm's method)"
            )
    if effects.without:
        told = ", ".join(f"trial {number} ({state})" for number, state in effects.without)
        found.append(f"changes without a result: {told}")
    return found


def signed(value: float | None, metric: str) -> str:
    """A difference of a figure with its sign, 0 without one: `+0.0300`."""
    if value is None:
        return ""
    shown = words.amount(round(value)) if metric == "params" else words.metric(metric, value)
    return f"+{shown}" if value > 0 else shown if value < 0 else "0"


def interval(difference: Difference | None, metric: str) -> str:
    """`-0.0120 to +0.0034`; empty where there is none."""
    if difference is None or difference.low is None or difference.high is None:
        return ""
    return f"{signed(difference.low, metric)} to {signed(difference.high, metric)}"


def in_words(value: Any) -> str:
    """The value of a hole: `0.001`, `none`, `True`, the label of an option."""
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


def markdown_table(columns: Sequence[Column[Any]], rows: Sequence[Any], notes: Sequence[str]) -> str:
    """A table for a README, with the notes below it."""
    lines = [
        [column.title.replace("\n", " ") for column in columns],
        ["---:" if column.right else "---" for column in columns],
        *([column.cell(row).replace("|", "\\|") for column in columns] for row in rows),
    ]
    return "\n\n".join(["\n".join(f"| {' | '.join(cells)} |" for cells in lines), *notes]) + "\n"


def _clear(difference: Difference) -> str:
    return {None: "", True: "yes", False: "no"}[difference.clear]
