"""Connecting to MLflow: with its database prepared once, and without waiting for services that do not answer."""

import os
import sqlite3
import ssl
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen
from uuid import uuid4

from filelock import FileLock

from nas.tracking.quiet import quiet_environment

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_ANSWER_SECONDS = 5.0
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
"""The outbox tries again by itself: MLflow's own seven tries would hold it for minutes."""


def connect(uri: str) -> "MlflowClient":
    """A client for the tracking URI; a SQLite database is created and migrated by one process at a time.

    Takes seconds: it imports mlflow, and a new database goes through all of MLflow's migrations.
    """
    for name, value in {**quiet_environment(), **_PATIENCE}.items():
        os.environ.setdefault(name, value)
    _check_answers(uri)
    from mlflow.tracking import MlflowClient

    path = sqlite_file(uri)
    if path is None:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):  # processes that migrate one database at the same time can die
        if not path.exists():
            _create(path)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
        _use_wal(path)
    return client


def _create(path: Path) -> None:
    """A new database with all of MLflow's migrations, made under another name: one that was killed in the middle of
    them could never be opened again.
    """
    from mlflow.tracking import MlflowClient

    for left_over in path.parent.glob(f"{path.name}.new-*"):
        left_over.unlink()
    unfinished = path.with_name(f"{path.name}.new-{uuid4().hex}")  # MLflow remembers what it has opened, by name
    uri = f"sqlite:///{unfinished}"
    MlflowClient(tracking_uri=uri, registry_uri=uri).search_experiments(max_results=1)
    unfinished.rename(path)


def is_prepared(path: Path) -> bool:
    """Whether a SQLite file holds MLflow's tables, all migrations done. Waits for a process that is at it."""
    if not path.is_file():
        return False
    with FileLock(f"{path}.lock"):
        connection = sqlite3.connect(path)
        try:
            return bool(connection.execute("SELECT version_num FROM alembic_version").fetchone())
        except sqlite3.Error:
            return False
        finally:
            connection.close()


def sqlite_file(uri: str) -> Path | None:
    """The file of a `sqlite:///` URI, None for other URIs."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").partition("?")[0]).absolute()


def _check_answers(uri: str) -> None:
    """Raise soon if a server or a database does not let us in, and before seconds are spent on importing mlflow.

    MLflow would try a database ten times, for minutes, before it says why.
    """
    if uri.startswith(("http://", "https://")):
        _check_server(uri)
    elif not uri.startswith(("sqlite", "databricks")):
        from sqlalchemy import create_engine

        engine = create_engine(uri)
        try:
            engine.connect().close()
        finally:
            engine.dispose()


def _check_server(uri: str) -> None:
    """Any answer will do, a refusal too: whether it lets us in is seen later."""
    address = urlsplit(uri)
    plain = urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
    try:
        urlopen(plain, timeout=_ANSWER_SECONDS).close()
    except HTTPError as answer:
        answer.close()
    except URLError as error:
        if not isinstance(error.reason, ssl.SSLError):  # which certificates count is MLflow's to say
            raise ConnectionError(f"no answer ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise ConnectionError(f"no answer ({error or type(error).__name__})") from None


def _use_wal(path: Path) -> None:
    """Let the dashboard read while a run is written. The setting stays with the file."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
