"""`MlflowTracker`: the ledger's mirror in MLflow. One experiment per study, one run per trial."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from nas.redact import redact
from nas.tracking.mlflow_runs import MlflowRuns, NotDrawn
from nas.tracking.outbox import Outbox
from nas.tracking.record import TrialRecord

log = logging.getLogger("nas.tracking")


HEAD_START = 4.0
"""Seconds that the first trials have to themselves: loading MLflow takes a core that their workers need to start."""


class _Wanted(NamedTuple):
    record: TrialRecord
    paused: bool


class _Data(NamedTuple):
    study: str
    draw: Callable[[], Path]


class MlflowTracker:
    """A `Tracker` that shows trials in MLflow.

    Everything that MLflow does happens in a thread that starts with the first record: importing it takes seconds, and
    it may be down. tracking_uri: a database or a server. artifacts: folder for files; None leaves it to the server.
    interval: seconds in which records gather before they are written.
    """

    def __init__(self, tracking_uri: str, artifacts: Path | None, interval: float = 1.0) -> None:
        self.uri = tracking_uri
        self._runs = MlflowRuns(tracking_uri, artifacts)
        self._running: dict[str, TrialRecord] = {}
        self._data: dict[str, Callable[[], Path]] = {}
        name = f"MLflow at {redact(tracking_uri)}"
        self._outbox: Outbox[_Wanted | _Data] = Outbox(self._write, name, interval, HEAD_START)

    def _write(self, wanted: "_Wanted | _Data") -> None:
        if isinstance(wanted, _Data):
            self._show_data(*wanted)
            return
        self._runs.write(wanted.record, wanted.paused)
        study = wanted.record.study
        if study in self._data and wanted.record.verdict is not None:
            self._outbox.put(f"the data of {study}", _Data(study, self._data.pop(study)))

    def _show_data(self, study: str, draw: Callable[[], Path]) -> None:
        """What cannot be drawn is told once; what MLflow does not take is tried again, as all else."""
        try:
            self._runs.write_data(study, draw)
        except NotDrawn as error:
            log.warning("%s: the data could not be shown (%s)", study, redact(str(error)))

    def mirror(self, record: TrialRecord) -> None:
        """Make the trial's run equal to the record, soon."""
        if not record.was_trained:
            return
        if record.verdict is None:
            self._running[record.uid] = record
        else:
            self._running.pop(record.uid, None)
        self._outbox.put(record.uid, _Wanted(record, paused=False))

    def show_data(self, study: str, draw: Callable[[], Path]) -> None:
        """Show what the study's data looks like, after the first verdict: drawing would hold the first trials up."""
        self._data[study] = draw

    def pause(self, uids: Iterable[str]) -> None:
        """Show running trials as interrupted until they are mirrored again."""
        for uid in uids:
            if uid in self._running:
                self._outbox.put(uid, _Wanted(self._running[uid], paused=True))

    def run_ids(self) -> dict[str, str]:
        """The runs known so far: uid of the trial -> id of its run."""
        return self._runs.ids.copy()

    def flush(self, timeout: float) -> bool:
        """Wait until everything has arrived, up to `timeout` seconds or three failures. Returns whether it has."""
        return self._outbox.flush(timeout)

    def close(self) -> None:
        """Stop. The mirror catches up the next time that the ledger is mirrored."""
        self._outbox.close()
