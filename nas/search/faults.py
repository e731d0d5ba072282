"""What an error of a database means for a search: it passes by itself, the disk is full, or a person has to act."""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError

from nas.redact import redact

_PASSING_STATES = frozenset({"40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03", "57P05"})
"""PostgreSQL's: serialization, deadlock, too many connections, a lock, and how a server goes down and comes up."""
_PASSING_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_LITTLE = 1 << 20
"""Bytes free on a disk below which SQLite's "disk I/O error" means that it is full."""
_TODO = {
    "password authentication": "check the user and the password",
    "does not exist": "create it, or name one that exists",
    "permission denied": "give its user the right to create and to write tables there",
    "no schema": "give its user the right to create and to write tables there",
    "readonly": "make the file and its folder writable, or name another --storage",
    "read-only": "name the primary server, not a copy of it",
    "unable to open": "check that its folder is there and may be written",
    "not a database": "name an SQLite file, or one that is not there yet",
    "malformed": "restore it from a backup, or name another --storage",
}


class StorageError(RuntimeError):
    """The storage cannot be used: one line that says which (without its password), why, and what to do."""


class Unavailable(StorageError):
    """The same for now: connections were lost, the server restarts, or another process holds a lock."""


class DiskFull(OSError):
    """A write found no room: one line that says where and what to do. All that was committed before it stands."""


def name_faults(engine: Engine, url: URL) -> None:
    """Let the engine raise errors of this module in place of its own. Broken uniqueness stays: Optuna asks for that."""

    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> Exception | None:
        error = context.sqlalchemy_exception
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError) and not context.is_pre_ping:
            return fault(error.orig or error, url, lost=context.is_disconnect)
        return None


def fault(error: BaseException, url: URL, lost: bool = False) -> Exception:
    """The error to raise in place of a database driver's. lost: the connection has gone."""
    reason = _reason(error, url)
    where = named(url)
    if _is_full(error, url):
        return DiskFull(f"{where}: {reason}; make space, then the same command goes on")
    todo = next((todo for words, todo in _TODO.items() if words in reason), "check that it is there and may be written")
    kind = Unavailable if lost or _passes(error) else StorageError
    return kind(f"{where}: {reason}; {todo}")


def named(url: URL) -> str:
    """How lines about this storage begin: as it was written, less the password."""
    return f"storage {redact(url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True))}"


def _passes(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING_SQLITE
    state = getattr(error, "sqlstate", None)
    if state is None:  # no connection could be made: a server that has just begun to start says no more than that
        return type(error).__name__ in ("OperationalError", "ConnectionTimeout")
    return state in _PASSING_STATES or state.startswith("08")


def _is_full(error: BaseException, url: URL) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_IOERR and url.database:
        with suppress(OSError):
            return shutil.disk_usage(Path(url.database).parent).free < _LITTLE
    return code == sqlite3.SQLITE_FULL or getattr(error, "sqlstate", None) == "53100"


def _reason(error: BaseException, url: URL) -> str:
    """The first line of what the driver says, without the password even where it is not part of a URL."""
    text = str(error).strip()
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {error.filename}"
    for secret in {url.password, *_values(url, "password")} - {None, ""}:
        text = text.replace(str(secret), "***")
    return redact(text).splitlines()[0].rstrip(".;: ") if text else type(error).__name__


def _values(url: URL, name: str) -> tuple[str, ...]:
    value = url.query.get(name, ())
    return (value,) if isinstance(value, str) else tuple(value)
