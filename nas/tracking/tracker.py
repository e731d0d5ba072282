"""`Tracker`: where trials are shown while they run. `NullTracker` shows nothing, and remembers for tests."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from nas.redact import redact
from nas.tracking.record import TrialRecord

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


class TrackingError(RuntimeError):
    """The tracking store cannot be used: one line that says which, why, and what to do."""


class Tracker(Protocol):
    """A mirror of the ledger. Nothing here raises or waits because the tracking service has a problem."""

    def mirror(self, record: TrialRecord) -> None:
        """Make the trial's run equal to the record, soon. Returns at once; the newest record of a trial wins.

        Draws that were never trained are ignored.
        """

    def show_data(self, study: str, draw: Callable[[], Path]) -> None:
        """Show what the study's data looks like, once for each study. Returns at once.

        draw: fills a folder with pictures and tables and returns it; called after a verdict, from another thread, if at
        all.
        """

    def pause(self, uids: Iterable[str]) -> None:
        """Show these trials as interrupted until they are mirrored again. Returns at once; unknown ones are ignored."""

    def run_ids(self) -> dict[str, str]:
        """The runs known so far: uid of the trial -> id of its run."""

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until everything has arrived. Returns whether it has.

        Gives up sooner when the service does not answer.
        """

    def close(self) -> None:
        """Stop. What has not arrived is dropped here; the next mirroring of the ledger brings it."""


class NullTracker:
    """Tracks nothing. Keeps the newest record of each trial in `records`, and the uids of paused trials in `paused`."""

    def __init__(self) -> None:
        self.records: dict[str, TrialRecord] = {}
        self.paused: set[str] = set()

    def mirror(self, record: TrialRecord) -> None:
        """Remember the record."""
        if record.was_trained:
            self.records[record.uid] = record
            self.paused.discard(record.uid)

    def show_data(self, study: str, draw: Callable[[], Path]) -> None:
        """Nothing is shown."""

    def pause(self, uids: Iterable[str]) -> None:
        """Remember the trials as paused."""
        self.paused |= {uid for uid in uids if uid in self.records and self.records[uid].verdict is None}

    def run_ids(self) -> dict[str, str]:
        """No trial has a run."""
        return {}

    def flush(self, timeout: float) -> bool:
        """Nothing is ever waiting."""
        return True

    def close(self) -> None:
        """Nothing to stop."""


def open_tracker(uri: str, artifacts: Path) -> Tracker:
    """The tracker behind an MLflow tracking URI, or none for `none`. Returns at once, without importing mlflow.

    artifacts: where files go, unless the URI is a server's, which knows its own place.

    Raises:
        TrackingError: for a URI that MLflow cannot take.
    """
    if uri == "none":
        return NullTracker()
    scheme, separator, _ = uri.partition(":")
    database = scheme.partition("+")[0]
    if not separator or (database not in _DATABASES and scheme not in ("http", "https", "databricks")):
        raise TrackingError(
            f"tracking URI {redact(uri)!r}: MLflow keeps runs in a database or behind a server; "
            "write sqlite:///FILE, postgresql://..., http://HOST:PORT or none"
        )
    from nas.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(uri, None if scheme in ("http", "https", "databricks") else artifacts)
