"""Storage URLs, passwords that are never shown, and one driver per study, with real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nas.redact import redact
from nas.search.lock import study_lock
from nas.search.storage import StorageError, open_storage, sqlite_path
from tests.search.conftest import BACKENDS

HOLD = """
import sys, time
from nas.search.lock import study_lock
from nas.search.storage import open_storage
with study_lock(open_storage(sys.argv[1]), "toy"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:s3cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql+psycopg://me:p@ss@host/db", "postgresql+psycopg://me:***@host/db"),
        ("could not reach https://u:t@h:5000/x now", "could not reach https://u:***@h:5000/x now"),
        ("sqlite:////tmp/a.db", "sqlite:////tmp/a.db"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("url", ["nonsense", "mysql://me:s3cret@host/db", "sqlite://", "http://me:s3cret@host"])
def test_unsupported_url_is_one_line_without_password(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(url)
    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "sqlite:///FILE" in str(caught.value)


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("this is no database " * 100)
    with pytest.raises(StorageError, match="not a database"):
        open_storage(f"sqlite:///{tmp_path / 'a.db'}")


def test_write_ahead_log_is_on(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'a.db'}")
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert sqlite_path(str(storage.url)) == tmp_path / "a.db"


@pytest.mark.parametrize("name", ["with space.db", "{SCHEMA_VERSION}.db", "100%.db", "naïve ☃.db", "a#b;c.db"])
def test_unusual_file_names(tmp_path: Path, name: str) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / name}")
    with study_lock(storage, "toy"):
        assert (tmp_path / name).exists()
    assert sqlite_path(storage.url) == tmp_path / name
    storage.engine.dispose()
    assert all(path.name.startswith(name) for path in tmp_path.iterdir())


@pytest.mark.parametrize("url", BACKENDS, indirect=True)
def test_second_driver_is_refused_and_the_lock_dies_with_its_process(url: str) -> None:
    storage = open_storage(url)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        told = f"study toy: process {holder.pid} on .* is searching it now"
        with pytest.raises(StorageError, match=told), study_lock(storage, "toy"):
            pass
        with study_lock(storage, "another"):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with study_lock(storage, "toy"):
        pass
