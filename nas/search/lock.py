"""One driver per study: a lock that the operating system or the database drops when the process dies.

PostgreSQL's lock belongs to a connection, and connections get lost. So all that a driver writes goes through the very
connection that holds its lock: what arrives was written under the lock. After a loss the lock is taken again first, and
a token in the study says whether another driver had it in between.
"""

import fcntl
import hashlib
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optuna.storages import RDBStorage
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from nas.search.faults import StorageError
from nas.search.insist import Insist
from nas.search.storage import sqlite_path
from nas.search.trial_rows import TABLES, TRIALS
from nas.search.upsert import STUDY_SYSTEM_ATTRIBUTES, study_attribute, upsert

DRIVER = "nas:driver"
"""System attribute of a study: the token of the driver that opened it last."""
_SECONDS_TO_DIE = 1.0
"""How long a driver that was killed a moment ago may still seem to hold its study."""
_SESSION = "SELECT pg_backend_pid(), backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_HOLDER = (
    "SELECT a.pid, a.backend_start, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE"
    " l.locktype = 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = :key AND"
    " l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_SETTINGS = {"tcp_keepalives_idle": "20", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""The server drops the lock of a driver whose machine has gone within a minute, not within hours."""


class StudyLock:
    """A study that this process holds, and the way to write to it. As it stands it is for SQLite."""

    def __init__(self, storage: RDBStorage) -> None:
        self.storage = storage
        self.insist = Insist()

    @contextmanager
    def begin(self, lasting: bool = False) -> Iterator[Connection]:
        """A transaction that is committed only while the lock is held.

        lasting: what it writes, and all before it, survives a power failure; SQLite takes milliseconds for that.

        Raises:
            StorageError: another driver has it.
        """
        with self.storage.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
            yield connection

    def claim(self, study_id: int) -> None:
        """Note in the study who searches it now."""


class _SessionLock(StudyLock):
    """PostgreSQL: an advisory lock, held by one connection."""

    def __init__(self, storage: RDBStorage, study: str) -> None:
        super().__init__(storage)
        self._study, self._token = study, uuid.uuid4().hex
        self._key = int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "big", signed=True)
        self._claimed: set[int] = set()
        self._session: tuple[object, ...] = ()
        self._connection = self._taken()

    @contextmanager
    def begin(self, lasting: bool = False) -> Iterator[Connection]:  # always lasting, by PostgreSQL's own settings
        if self._connection.invalidated or self._connection.closed:
            self._connection = self._taken()
        with self._connection.begin():
            yield self._connection

    def claim(self, study_id: int) -> None:
        row = study_attribute(study_id, DRIVER, {"token": self._token, "process": _holder()})
        with self.begin() as connection:
            connection.execute(upsert(connection.dialect.name, STUDY_SYSTEM_ATTRIBUTES), [row])
        self._claimed.add(study_id)

    def release(self) -> None:
        """Close the connection, and with it drop the lock."""
        with suppress(SQLAlchemyError):
            self._connection.invalidate()
            self._connection.close()

    def _taken(self) -> Connection:
        """A new connection that holds the lock."""
        connection = self.storage.engine.connect()
        try:
            with connection.begin():
                for name, value in {**_SETTINGS, "application_name": f"nas {_holder()}"[:63]}.items():
                    connection.execute(text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value})
                self._take(connection)
                self._check_claims(connection)
                self._session = tuple(connection.execute(text(_SESSION)).one())
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection

    def _take(self, connection: Connection) -> None:
        deadline = time.monotonic() + _SECONDS_TO_DIE
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar():
            *session, name = connection.execute(text(_HOLDER), {"key": self._key}).one_or_none() or (None, None, "")
            if tuple(session) == self._session:  # our own, which the server takes for alive
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": session[0]})
            elif time.monotonic() > deadline:
                raise _held(self._study, str(name).removeprefix("nas ") or "another process")
            time.sleep(0.05)

    def _check_claims(self, connection: Connection) -> None:
        table = STUDY_SYSTEM_ATTRIBUTES
        wanted = select(table.c.value_json).where(table.c.study_id.in_(self._claimed), table.c.key == DRIVER)
        found = connection.execute(wanted).scalars().all()
        if len(found) < len(self._claimed) or any(self._token not in value for value in found):
            raise StorageError(
                f"study {self._study}: another process has had it while the storage was away; the same command goes on"
            )


def as_lock(storage: StudyLock | RDBStorage) -> StudyLock:
    """The lock itself, or what stands for one where nobody else can write."""
    return storage if isinstance(storage, StudyLock) else StudyLock(storage)


@contextmanager
def study_lock(storage: RDBStorage, study: str) -> Iterator[StudyLock]:
    """Hold the study for this process, to write to it.

    Raises:
        StorageError: another process holds it (the line names it), or the storage may not be written.
    """
    path = sqlite_path(str(storage.url))
    if path is not None:
        with _file_lock(_lock_file(path, study), study):
            lock = StudyLock(storage)
            lock.insist(lambda: _check_writable(lock))
            yield lock
        return
    held = _SessionLock(storage, study)
    try:
        held.insist(lambda: _check_writable(held))
        yield held
    finally:
        held.release()


def _check_writable(lock: StudyLock) -> None:
    """Ask for the right to do what a search does, and do nothing."""
    with lock.begin() as connection:
        for table in TABLES:
            connection.execute(table.insert().from_select(list(table.c.keys()), select(table).where(text("1 = 0"))))
        connection.execute(update(TRIALS).values(study_id=TRIALS.c.study_id).where(text("1 = 0")))


def _lock_file(database: Path, study: str) -> Path:
    digest = hashlib.sha256(study.encode()).hexdigest()[:12]
    return database.with_name(f"{database.name}.{digest}.driver")


@contextmanager
def _file_lock(path: Path, study: str) -> Iterator[None]:
    try:
        file = path.open("a+")
    except OSError as error:
        raise StorageError(f"storage {path.parent}: {error.strerror}: {path.name}; make it a writable folder") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _held(study, file.read().strip() or "another process") from None
        file.truncate(0)
        with suppress(OSError):  # a full disk: the lock holds without a name
            file.write(_holder())
            file.flush()
        yield


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _held(study: str, holder: str) -> StorageError:
    return StorageError(f"study {study}: {holder} is searching it now; wait for it, or end it, or use another --name")
