"""The Optuna storage: opened safely for several processes, by a URL whose password is never shown."""

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nas.redact import redact
from nas.search.trial_rows import read_trials

_BUSY_SECONDS = 60


class StorageError(RuntimeError):
    """The storage cannot be used: one line that says which (without its password), why, and what to do."""


class _Storage(RDBStorage):
    """Optuna's own, but for its slowest part."""

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        trials = read_trials(self, study_id, newer_than=trial_id_greater_than, also=included_trial_ids)
        return [trial for trial in trials if states is None or trial.state in states]


def open_storage(url: str) -> RDBStorage:
    """The storage behind `sqlite:///FILE` or `postgresql://...`, its tables created if they are missing.

    SQLite runs in WAL mode and waits up to a minute for another process's write.

    Raises:
        StorageError: a URL of another kind, or a database that cannot be opened.
    """
    path = sqlite_path(url)
    try:
        if path is None:
            return _Storage(
                _driver_url(url), engine_kwargs={"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):  # several processes creating one schema at once can die
            storage = _Storage(url, engine_kwargs={"connect_args": {"timeout": _BUSY_SECONDS}})
        _use_wal(storage)
        return storage
    except StorageError:
        raise
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StorageError(
            f"storage {redact(url)}: {redact(reason)}; check that it is there and may be written"
        ) from None


def sqlite_path(url: str) -> Path | None:
    """The file of a sqlite URL, None for PostgreSQL.

    Raises:
        StorageError: for a malformed URL, or one of another kind of database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError(
            f"storage {redact(url)}: not a database URL; write sqlite:///FILE or postgresql://..."
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database).expanduser().absolute()
    if parsed.get_backend_name() == "postgresql":
        return None
    raise StorageError(f"storage {redact(url)}: not supported; write sqlite:///FILE or postgresql://USER@HOST/DATABASE")


def _driver_url(url: str) -> str:
    """SQLAlchemy's `postgresql` driver is named, so that the newest psycopg is used whatever the version's default."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _use_wal(storage: RDBStorage) -> None:
    def on_connect(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(storage.engine, "connect", on_connect)
    storage.engine.dispose()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna's own progress lines off the terminal while we run."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
