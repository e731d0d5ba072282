"""Brings records of the ledger to MLflow at once, in this thread: what `nas sync` does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nas.tracking.mlflow_runs import MlflowRuns, NotDrawn
from nas.tracking.outbox import Refused, one_line
from nas.tracking.record import TrialRecord
from nas.tracking.tracker import artifacts_for

Draw = Callable[[], Path]


@dataclass
class Brought:
    """What came of it. written: runs that lacked something. there: runs that lacked nothing.

    notices: lines about what could not be brought. ids: run by uid of the trial.
    """

    written: int = 0
    there: int = 0
    notices: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


def bring(uri: str, artifacts: Path, records: Iterable[TrialRecord], paused: bool, draw: Draw | None) -> Brought:
    """Make the run of every trial of one study equal to its record. A second time writes nothing.

    paused: trials without a verdict are shown as interrupted. draw: fills a folder with what the study's data looks
    like and returns it; called if that is not shown yet. Imports mlflow: seconds.

    Raises:
        Exception: whatever MLflow raises, if it cannot be reached. What came before stays: call again.
    """
    runs, brought = MlflowRuns(uri, artifacts_for(uri, artifacts)), Brought()
    study = None
    for record in records:
        try:
            if _write(runs, record, paused and record.verdict is None):
                brought.written += 1
            else:
                brought.there += 1
            study = record.study
        except Refused as refusal:
            brought.notices.append(f"{record.uid}: MLflow refused it ({one_line(refusal)})")
    if study is not None and draw is not None:
        try:
            runs.write_data(study, draw)
        except NotDrawn as error:
            brought.notices.append(f"{study}: its data cannot be shown ({one_line(error)})")
    brought.ids = runs.ids
    return brought


def _write(runs: MlflowRuns, record: TrialRecord, paused: bool) -> bool:
    """MLflow calls a run that somebody has deleted invalid, too: there the second try creates another."""
    try:
        return runs.write(record, paused)
    except Exception as error:
        if getattr(error, "error_code", None) != "INVALID_PARAMETER_VALUE":
            raise
    return runs.write(record, paused)
