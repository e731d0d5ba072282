"""One trial in full: its config, cost, verdict, curve, figures, and where what it left behind lies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from nas.job import kept_weights
from nas.redact import redact
from nas.report.repeat import repeat_command
from nas.report.row import RUNNING, replicate_figures
from nas.report.telling import Telling
from nas.search.layout import Layout
from nas.search.ledger import Ledger, record_of, verdict_of
from nas.tracking.record import TrialRecord


@dataclass(frozen=True)
class Sheet:
    """What is known of one trial. weights: the folder, None where they are not kept. command: trains it again."""

    record: TrialRecord
    telling: Telling
    traceback: str
    best_epoch: int | None
    mlflow_run_id: str | None
    weights: Path | None
    tracking_uri: str
    command: str

    @property
    def state(self) -> str:
        """complete, pruned, failed or running."""
        return self.record.verdict.value if self.record.verdict else RUNNING

    @property
    def replicates(self) -> list[dict[str, float]]:
        """What each of several replicates reached, with its seed; empty for one."""
        return replicate_figures(self.record)


class NoSuchTrial(LookupError):
    """No trial that was started has this number or name: says what there is."""


def read_sheet(main: Ledger, references: Ledger | None, trial: str, layout: Layout, tracking_uri: str) -> Sheet:
    """Everything about the trial of this number, or of the baseline or reference of this name.

    Raises:
        NoSuchTrial: there is none, or it was drawn and never trained.
    """
    frozen, ledger = _find(main, references, trial)
    record, attributes = record_of(frozen, ledger), frozen.user_attrs
    weights = layout.weights(ledger.name, frozen.number)
    return Sheet(
        record=record,
        telling=Telling.of(own.config for own in main.records()),
        traceback=attributes.get("traceback", ""),
        best_epoch=attributes.get("best_epoch"),
        mlflow_run_id=ledger.run_id(frozen),
        weights=weights if kept_weights(weights) else None,
        tracking_uri=redact(tracking_uri),
        command=repeat_command(record, main.records()),
    )


def _find(main: Ledger, references: Ledger | None, trial: str) -> tuple[FrozenTrial, Ledger]:
    if trial.isdecimal():
        for frozen in main.frozen():
            if str(frozen.number) == (trial.lstrip("0") or "0") and "config" in frozen.user_attrs:
                return frozen, main
    for ledger in (main, references):
        for record in ledger.records() if ledger else ():
            if ledger and trial in (*record.baseline, record.reference):
                return ledger.frozen()[record.number], ledger
    raise NoSuchTrial(_why_not(main, references, trial))


def _why_not(main: Ledger, references: Ledger | None, trial: str) -> str:
    for frozen in main.frozen():
        verdict = verdict_of(frozen)
        if str(frozen.number) == trial and verdict is not None:
            why = f"{verdict.value}, {frozen.user_attrs.get('cause', '')}"
            return f"was drawn but never trained: {why}; `nas leaderboard {main.name}` has those that were"
    records = [record for ledger in (main, references) if ledger for record in ledger.records()]
    names = [name for record in records for name in (*record.baseline, record.reference) if name]
    numbers = [record.number for record in records if record.reference is None]
    span = f"numbers {min(numbers)} to {max(numbers)}" if numbers else "no trial yet"
    return f"there is no such trial; {main.name} has {span}" + (f", and {', '.join(names)}" if names else "")


def sheet_data(sheet: Sheet) -> dict[str, Any]:
    """The sheet as data for JSON. May hold numbers that are not finite."""
    record = sheet.record
    return {
        "study": record.study,
        "number": record.number if record.reference is None else None,
        "state": sheet.state,
        "cause": record.cause,
        "traceback": sheet.traceback or None,
        "baseline": record.baseline,
        "reference": record.reference,
        "holes": record.params,
        "config": record.config,
        "cost": vars(record.cost) if record.cost else None,
        "metrics": record.metrics,
        "replicates": sheet.replicates or None,
        "best_epoch": sheet.best_epoch,
        "curve": [{"epoch": point.epoch, **point.values} for point in record.curve],
        "started": record.started,
        "finished": record.finished,
        "weights": str(sheet.weights) if sheet.weights else None,
        "folder": record.folder,
        "mlflow_run_id": sheet.mlflow_run_id,
        "tracking_uri": sheet.tracking_uri,
        "command": sheet.command,
        "details": record.details,
        "environment": record.environment,
    }
