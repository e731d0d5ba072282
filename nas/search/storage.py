"""The Optuna storage: opened safely for several processes, by a URL whose password is never shown."""

import sqlite3
import threading
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from nas.redact import redact
from nas.search import schema
from nas.search.faults import DiskFull as DiskFull
from nas.search.faults import StorageError as StorageError
from nas.search.faults import fault, name_faults, named
from nas.search.insist import Insist
from nas.search.trial_rows import read_trials

_BUSY_SECONDS = 2
"""How long SQLite itself waits for another process's write: short, as Ctrl-C is not heard meanwhile."""
_CONNECT_SECONDS = 4
"""To an address; a name may stand for two of them."""
_OPEN_SECONDS = 9.0
_SECONDS_TO_SHARE = 60.0
"""How long to wait for other processes that keep an SQLite file locked, when it is opened."""
_VANISHED = {
    "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000,
}  # fmt: skip
"""How libpq finds out that a server's machine has gone, else only after many minutes."""
_FORMS = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"


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

    What the database refuses later is raised as an error of `nas.search.faults` too.

    Raises:
        StorageError: a URL of another kind, or a database that cannot be opened, or is not one of Optuna's. Nothing has
            been changed then. Said within 10 s.
        DiskFull: there is no room for its tables.
    """
    path = sqlite_path(url)
    parsed = _with_driver(make_url(url), path)
    storage = _open(parsed, None) if path is None else Insist(patience=_SECONDS_TO_SHARE)(lambda: _open(parsed, path))
    name_faults(storage.engine, parsed)
    if path is not None:
        event.listen(storage.engine, "connect", _set_up_sqlite)
        storage.engine.dispose()
    return storage


def sqlite_path(url: str) -> Path | None:
    """The file of a sqlite URL, None for PostgreSQL.

    Raises:
        StorageError: for a malformed URL, or one of another kind of database.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):  # a port that is no number, for one
        raise StorageError(f"storage {redact(url) or '(empty)'}: not a database URL; {_FORMS}") from None
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return Path(parsed.database).expanduser().absolute()
    if backend in ("postgresql", "postgres"):
        return None
    raise StorageError(f"storage {redact(url)}: not supported; {_FORMS}")


def _with_driver(url: URL, path: Path | None) -> URL:
    """The newest psycopg is named for PostgreSQL, so that it is used whatever SQLAlchemy's default."""
    return url.set(drivername="postgresql+psycopg") if path is None else url.set(database=str(path))


def _engine_options(path: Path | None) -> dict[str, Any]:
    if path is not None:
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECT_SECONDS, **_VANISHED}}


def _open(url: URL, path: Path | None) -> RDBStorage:
    """The storage, with errors of our own."""
    try:
        return _open_with_tables(url, path)
    except (StorageError, DiskFull):
        raise
    except Exception as error:
        raise fault(getattr(error, "orig", None) or error, url) from None


def _open_with_tables(url: URL, path: Path | None) -> RDBStorage:
    """Optuna's storage, its tables made if they are missing, which a connection of our own finds out."""
    where = named(url)
    options = _engine_options(path)
    template = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")  # Optuna formats it
    if path is not None:
        if path.parent.is_file():
            raise StorageError(f"{where}: {path.parent} is a file, not a folder; name another --storage")
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool, connect_args=options["connect_args"])
    with engine.connect() if path else _in_time(engine.connect, where) as connection:
        if not schema.are_there(connection, where):
            with schema.creating(connection, path):
                if not schema.are_there(connection, where):
                    return _Storage(template, options)
    return _Storage(template, options, skip_compatibility_check=True, skip_table_creation=True)


def _in_time(connect: Callable[[], Connection], where: str) -> Connection:
    """A connection that is there within 9 s: to look up a name may take longer, and cannot be ended."""
    made: Future[Connection] = Future()

    def make() -> None:
        try:
            made.set_result(connect())
        except Exception as error:
            made.set_exception(error)

    threading.Thread(target=make, name="connect", daemon=True).start()
    try:
        return made.result(_OPEN_SECONDS)
    except TimeoutError:
        todo = "check its host and port, and that it runs"
        raise StorageError(f"{where}: no answer within {_OPEN_SECONDS:.0f} s; {todo}") from None


def _set_up_sqlite(connection: Any, _record: object) -> None:
    with suppress(sqlite3.OperationalError):  # it stays as it is where it may not be written
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna's own progress lines off the terminal while we run."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
