"""What a database refuses, as a search is told: a full disk, a lock that passes, and what does not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import make_url

from nas.cli.errors import RESOURCES, STORAGE, error_lines, exit_code
from nas.search.faults import DiskFull, StorageError, Unavailable, fault
from nas.search.lock import StudyLock, study_lock
from nas.search.opening import open_study
from nas.search.writer import Writer
from tests.postgres import Server
from tests.search.conftest import BACKENDS, toy_space

FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON trial_user_attributes EXECUTE FUNCTION no_room()
"""


def fill(storage: RDBStorage, request: pytest.FixtureRequest) -> None:
    """From now on there is no room for a long attribute."""
    if storage.engine.name == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        server.run(FULL, "nas")
        return

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no more than it has

    event.listen(storage.engine, "connect", limit)
    storage.engine.dispose()


@pytest.mark.parametrize("url", BACKENDS, indirect=True)
def test_a_full_disk_ends_the_search_and_what_was_committed_stands(
    storage: RDBStorage, request: pytest.FixtureRequest
) -> None:
    with study_lock(storage, "toy") as lock:
        study = optuna.create_study(storage=Writer(lock), study_name="toy")
        trial = study.ask()
        trial.set_user_attr("curve", [1])
        fill(storage, request)
        with pytest.raises(DiskFull) as caught:
            trial.set_user_attr("details", "x" * 1_000_000)
    assert exit_code(caught.value) == RESOURCES
    [line] = error_lines(caught.value)
    assert line.startswith(f"nas: error: storage {'sqlite' if storage.engine.name == 'sqlite' else 'postgresql'}")
    assert line.endswith("; make space, then the same command goes on")
    [frozen] = optuna.load_study(storage=storage, study_name="toy").trials
    assert frozen.user_attrs == {"curve": [1]}


def test_sqlite_locked_by_another_process_is_waited_for(storage: RDBStorage) -> None:
    lock = StudyLock(storage)
    told: list[str] = []
    lock.insist.tell = told.append
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    path = make_url(storage.url).database
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        event.listen(storage.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 1"))
        storage.engine.dispose()
        lock.insist.sleep = lambda seconds: other.in_transaction and other.rollback()
        study.ask()
    assert [line.split("; ")[0].rpartition(": ")[2][:14] for line in told] == ["database is lo", "answers again "]
    assert len(study.trials) == 1


def test_reading_a_database_that_lost_its_tables_is_one_line(storage: RDBStorage) -> None:
    open_study(storage, toy_space(), "random", 0, None)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE study_user_attributes")
    with pytest.raises(StorageError, match="no such table: study_user_attributes; ") as caught:
        open_study(storage, toy_space(), "random", 0, None)
    assert exit_code(caught.value) == STORAGE


def test_a_disk_error_on_a_full_disk_means_that_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    url = make_url(f"sqlite:///{tmp_path}/a.db")
    assert isinstance(fault(error, url), StorageError)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 4096}))
    assert isinstance(fault(error, url), DiskFull)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("failed: FATAL: no\n\tIs it there?", "failed: FATAL: no; "),
        ("wrong password pa ss for me", "wrong password *** for me; "),
        ("cannot read postgresql://me:pa%20ss@host/db", "cannot read postgresql://me:***@host/db; "),
        ("", "Exception; "),
    ],
)
def test_passwords_are_left_out_and_one_line_is_told(text: str, shown: str) -> None:
    told = str(fault(Exception(text), make_url("postgresql://me:pa%20ss@host/db")))
    assert told.startswith(f"storage postgresql://me:***@host/db: {shown}")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("state", "passes"), [("57P01", True), ("08006", True), ("40P01", True), ("42501", False), ("22001", False)]
)
def test_what_passes_by_itself(state: str, passes: bool) -> None:
    error = Exception("...")
    error.sqlstate = state  # type: ignore[attr-defined]
    assert isinstance(fault(error, make_url("postgresql://host/db")), Unavailable) == passes
