"""`Tracker`: where trials are shown while they run. `NullTracker` shows nothing, and remembers for tests."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from nas.redact import redact
from nas.tracking.record import TrialRecord

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SERVERS = ("http", "https", "databricks")


class TrackingError(RuntimeError):
    """The tracking store cannot be used: one line that says which, why, and what to do."""


class Tracker(Protocol):
    """A mirror of the ledger. Nothing here raises or waits because the tracking service has a problem.

    uri: where it mirrors to, as it was given; `none` for nowhere.
    """

    uri: str

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

    uri = "none"

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
    check_uri(uri)
    if uri == "none":
        return NullTracker()
    from nas.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(uri, artifacts_for(uri, artifacts))


def check_uri(uri: str) -> None:
    """Refuse what is no tracking URI, and no `none`.

    Raises:
        TrackingError: for a URI that MLflow cannot take.
    """
    scheme, separator, _ = uri.partition(":")
    database = scheme.partition("+")[0]
    if uri != "none" and (not separator or (database not in _DATABASES and scheme not in _SERVERS)):
        raise TrackingError(
            f"tracking URI {redact(uri)!r}: MLflow keeps runs in a database or behind a server; "
            "write sqlite:///FILE, postgresql://..., http://HOST:PORT or none"
        )


def artifacts_for(uri: str, artifacts: Path) -> Path | None:
    """Where files go: None behind a server, which knows its own place."""
    return None if uri.partition(":")[0] in _SERVERS else artifacts
