"""One driver per study: a lock that the operating system or the database drops when the process dies."""

import fcntl
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.storages import RDBStorage
from sqlalchemy import text

from nas.search.storage import StorageError, sqlite_path


@contextmanager
def study_lock(storage: RDBStorage, study: str) -> Iterator[None]:
    """Hold the study for this process.

    Raises:
        StorageError: another process holds it; the line names the holder.
    """
    path = sqlite_path(str(storage.url))
    with _advisory_lock(storage, study) if path is None else _file_lock(_lock_file(path, study), study):
        yield


def _lock_file(database: Path, study: str) -> Path:
    digest = hashlib.sha256(study.encode()).hexdigest()[:12]
    return database.with_name(f"{database.name}.{digest}.driver")


@contextmanager
def _file_lock(path: Path, study: str) -> Iterator[None]:
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _held(study, file.read().strip() or "another process") from None
        file.truncate(0)
        file.write(_holder())
        file.flush()
        yield


@contextmanager
def _advisory_lock(storage: RDBStorage, study: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "big", signed=True)
    with storage.engine.connect() as connection:
        connection.execute(
            text("SELECT set_config('application_name', :name, false)"), {"name": f"nas {_holder()}"[:63]}
        )
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
            holder = connection.execute(
                text(
                    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype ="
                    " 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
                ),
                {"key": key},
            ).scalar()
            raise _held(study, str(holder or "another process"))
        connection.commit()
        try:
            yield
        finally:
            connection.invalidate()  # closes it, and with it the lock; a connection that is gone is no error here


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _held(study: str, holder: str) -> StorageError:
    return StorageError(f"study {study}: {holder} is searching it now; wait for it, or end it, or use another --name")
