"""One trial in full, as text."""

import json
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nas.records import EpochMetrics
from nas.report import words
from nas.report.progress import title
from nas.report.row import STD
from nas.report.trial import Sheet

_EPOCHS_SHOWN = 20


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Print the sheet, section by section."""
    record = sheet.record
    console.print(Text(f"{record.study}, {title(record)}: {sheet.state}", style="bold"))
    for line in _facts(sheet):
        console.print(Text(line))
    tables = {
        "Figures": _figures_table(record.metrics),
        "Replicates": _replicates_table(sheet.replicates, console),
        "Curve": _curve_table(record.curve, console),
    }
    for heading, table in tables.items():
        if table is not None:
            console.print()
            console.print(Text(heading, style="bold"))
            console.print(table)
    usual = "val_r2" if any("val_r2" in point.values for point in record.curve) else "val_accuracy"
    values = [point.values[usual] for point in record.curve if usual in point.values]
    if len(values) > 1:
        console.print(Text(f"{usual.replace('_', ' ')} {words.sparkline(values[-console.width + 14 :])}"))
    if sheet.traceback:
        console.print()
        console.print(Text("Traceback", style="bold"))
        console.print(Text(sheet.traceback.rstrip()))
    console.print()
    console.print(Text("Config", style="bold"))
    console.out(json.dumps(record.config, indent=2, ensure_ascii=False), highlight=False)
    console.print()
    console.print(Text("Train it again", style="bold"))
    console.out(sheet.command, highlight=False)


def _facts(sheet: Sheet) -> list[str]:
    record, cost = sheet.record, sheet.record.cost
    found = [f"cause: {record.cause}"] if record.cause else []
    sentence = sheet.telling.sentence(record.config)
    found += [f"config: {sentence}"] if sentence else []
    if cost is not None:
        found.append(
            f"cost: {cost.params:,} params ({cost.trainable_params:,} trainable), {words.amount(cost.flops)} FLOPs and "
            f"{words.size(cost.activation_bytes)} of activations an image"
        )
    took = [f"started {words.moment(record.started)}"] if record.started else []
    took += [words.plural(len(record.curve), "epoch")] if record.curve else []
    took += [f"weights of epoch {sheet.best_epoch} kept"] if sheet.best_epoch and sheet.weights else []
    took += [words.duration(record.metrics["seconds"]) + " of training"] if "seconds" in record.metrics else []
    found += [f"time: {', '.join(took)}"] if took else []
    found.append(f"weights: {sheet.weights or 'not kept'}")
    if sheet.mlflow_run_id:
        found.append(f"MLflow run: {sheet.mlflow_run_id} in {sheet.tracking_uri}")
    return found


def _figures_table(metrics: Mapping[str, float]) -> Table | None:
    if not metrics:
        return None
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value in metrics.items():
        if not (name.endswith(STD) and name.removesuffix(STD) in metrics):
            table.add_row(name.replace("_", " "), _figure(name, value, metrics.get(f"{name}{STD}")))
    return table


def _figure(name: str, value: float, deviation: float | None) -> str:
    """A time as people read it; of several replicates the mean and the sample deviation."""
    if name == "seconds":
        return words.duration(value)
    return words.figure(value) if deviation is None else f"{words.figure(value)} ± {words.figure(deviation)}"


def _replicates_table(replicates: Sequence[Mapping[str, float]], console: Console) -> Table | None:
    """A line for each seed: validation and test figures first, as many as fit."""
    if not replicates:
        return None
    names = sorted(
        (name for name in replicates[0] if name != "seed"), key=lambda name: not name.startswith(("val_", "test_"))
    )
    shown = _fitting(names, console.width)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("seed", *shown):
        table.add_column(name.replace("_", "\n"), justify="right", no_wrap=True)
    for own in replicates:
        cells = (words.duration(own[name]) if name == "seconds" else words.figure(own.get(name)) for name in shown)
        table.add_row(str(own["seed"]), *cells)
    return table


def _curve_table(curve: Sequence[EpochMetrics], console: Console) -> Table | None:
    if not curve:
        return None
    names = list(dict.fromkeys(name for point in curve for name in point.values))
    shown = _fitting(names, console.width)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("epoch", *shown):
        table.add_column(name.replace("_", "\n"), justify="right", no_wrap=True)
    for point in _thinned(curve):
        table.add_row(str(point.epoch), *(words.figure(point.values.get(name)) for name in shown))
    return table


def _fitting(names: Sequence[str], width: int) -> list[str]:
    """As many figures as fit, in their order; validation and test come before train, accuracy and R2 before losses."""

    def rank(name: str) -> tuple[bool, bool]:
        return not name.startswith(("val_", "test_")), not name.endswith(("_accuracy", "_r2"))

    kept = sorted(names, key=rank)[: max(1, width // 11)]
    return [name for name in names if name in kept]


def _thinned(curve: Sequence[EpochMetrics]) -> list[EpochMetrics]:
    """At most about twenty points: the first, the last, and others evenly between."""
    step = -(-len(curve) // _EPOCHS_SHOWN)
    return [point for index, point in enumerate(curve) if index % step == 0 or index == len(curve) - 1]
