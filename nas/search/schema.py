"""Optuna's tables: found whole, or made by one process at a time; a database that is not ours is left as it is."""

from collections.abc import Iterator, Set
from contextlib import contextmanager, nullcontext
from pathlib import Path

import optuna.storages
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from optuna.storages._rdb import models
from sqlalchemy import Connection, inspect, text

from nas.search.faults import StorageError

_VERSION = "alembic_version"
_OWN = frozenset(models.BaseModel.metadata.tables)
_SECONDS_TO_CREATE = 30
_CREATING = 0x6E61735F7461626C
"""Names PostgreSQL's lock for making tables (any number that no other program is likely to use)."""


def are_there(connection: Connection, where: str) -> bool:
    """Whether the tables are all there; False where they have still to be made, or their making was cut short.

    Raises:
        StorageError: the database holds another program's tables, those of another Optuna, or too few of its own.
    """
    found = set(inspect(connection).get_table_names())
    if not found:
        return False
    if not found & _OWN:
        shown = ", ".join(sorted(found)[:3]) + (", ..." if len(found) > 3 else "")
        raise StorageError(f"{where}: holds the tables of another program ({shown}); name another --storage")
    finished = _check_version(connection, found, where)
    missing = ", ".join(sorted(_OWN - found))
    if finished and missing:
        todo = "restore it from a backup, or name another --storage"
        raise StorageError(f"{where}: of its tables these are missing: {missing}; {todo}")
    return finished


@contextmanager
def creating(connection: Connection, path: Path | None) -> Iterator[None]:
    """Only one process at a time comes in here: several that create one schema at once can die.

    path: of an SQLite file, None for PostgreSQL.
    """
    with nullcontext() if path is None else _file_lock(path):
        if path is None:
            connection.execute(text(f"SET lock_timeout = '{_SECONDS_TO_CREATE}s'"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _CREATING})
            connection.commit()
        yield  # the connection is closed afterwards, and the lock goes with it


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{path}.lock", timeout=_SECONDS_TO_CREATE):
            yield
    except Timeout:
        raise StorageError(f"storage {path}: another process has been making its tables; end that one") from None


def _check_version(connection: Connection, found: Set[str], where: str) -> bool:
    """Whether the tables have the version that is written last, when they have been made; another one is refused."""
    versions = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalars() if _VERSION in found else ()
    stored = next(iter(versions), None)
    if stored is None:
        return False
    script = ScriptDirectory(str(Path(optuna.storages.__file__).parent / "_rdb" / "alembic"))
    newest = script.get_current_head()
    if stored in {known.revision for known in script.walk_revisions()} - {newest}:
        todo = "make a copy of it, then run `optuna storage upgrade --storage URL`"
        raise StorageError(f"{where}: its tables are of an older Optuna ({stored}); {todo}")
    if stored != newest:
        raise StorageError(f"{where}: its tables are of a newer Optuna ({stored}, not {newest}); install that one")
    return True
