"""Judged by reading MLflow's database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from nas.search.lock import study_lock
from nas.search.opening import find_study, read_ledgers
from nas.tracking.stores import note_store
from tests.cli.home import home_with_study, run
from tests.report.studies import storage_in
from tests.tracking.conftest import prepared_database, quiet

__all__ = ["prepared_database", "quiet"]


@pytest.fixture
def home(tmp_path: Path, prepared_database: Path) -> Path:
    (tmp_path / "mlflow.db").write_bytes(prepared_database.read_bytes())
    return home_with_study(tmp_path)


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of the data that take no seconds to draw."""
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "samples.txt").write_text("two")
    monkeypatch.setattr("nas.search.gallery.gallery_of", lambda record, layout: lambda: tmp_path / "drawn")


@pytest.fixture
def storage(home: Path) -> RDBStorage:
    return storage_in(home)


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def uids(database: Path) -> list[tuple[object, ...]]:
    return rows(database, "SELECT value, count(*) FROM tags WHERE key = 'nas.uid' GROUP BY value ORDER BY value")


def test_everything_once(home: Path, storage: RDBStorage) -> None:
    database = home / "mlflow.db"
    first = run(home, "sync", "small")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == f"Brought small to MLflow at sqlite:///{database}: 8 runs written, 0 there already.\n"
    found = uids(database)
    metrics = rows(database, "SELECT run_uuid, key, step, value FROM metrics ORDER BY 1, 2, 3")
    main, references = read_ledgers(storage, "small")
    assert references is not None
    records = [*main.records(), *references.records()]
    assert found == sorted((record.uid, 1) for record in records)
    points = rows(database, "SELECT count(*) FROM metrics WHERE key = 'val_accuracy' AND step > 0")
    assert points == [(sum(len(record.curve) for record in records),)]
    assert rows(database, "SELECT DISTINCT status FROM runs WHERE status = 'RUNNING'") == []
    assert rows(database, "SELECT count(*) FROM tags WHERE key = 'nas.kind' AND value = 'data'") == [(1,)]
    assert len(list((home / "artifacts" / ".mlflow").rglob("samples.txt"))) == 1
    assert {main.run_id(frozen) for frozen in main.outlines()} != {None}

    again = run(home, "sync", "small")
    assert again.stdout.endswith(": 0 runs written, 8 there already.\n")
    assert uids(database) == found
    assert rows(database, "SELECT run_uuid, key, step, value FROM metrics ORDER BY 1, 2, 3") == metrics


def test_while_its_driver_does_it_nothing_is_left_to_do(home: Path, storage: RDBStorage) -> None:
    study = find_study(storage, "small")
    assert study is not None
    note_store(study, f"sqlite:///{home}/mlflow.db", f"sqlite:///{home}/mlflow.db")
    with study_lock(storage, "small"):
        result = run(home, "sync", "small")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("small is being searched: its driver brings everything to MLflow at sqlite:")
        assert uids(home / "mlflow.db") == []
        note_store(study, "none", f"sqlite:///{home}/mlflow.db")
        before = dict(study.user_attrs)
        assert "8 runs written" in run(home, "sync", "small").stdout
        assert dict(study.user_attrs) == before, "only the driver writes the ledger"


def test_it_goes_where_the_last_search_sent_it(home: Path, storage: RDBStorage, tmp_path: Path) -> None:
    study = find_study(storage, "small")
    assert study is not None
    note_store(study, f"sqlite:///{tmp_path}/other.db", f"sqlite:///{home}/mlflow.db")
    (tmp_path / "other.db").write_bytes((home / "mlflow.db").read_bytes())
    assert f"sqlite:///{tmp_path}/other.db: 8 runs" in run(home, "sync", "small").stdout
    note_store(study, "http://me:secret@127.0.0.1:9", f"sqlite:///{home}/mlflow.db")
    refused = run(home, "sync", "small")
    assert refused.exit_code == 2
    assert refused.stderr == (
        "nas: error: study small: its runs go to http://me:***@127.0.0.1:9; give it with --tracking-uri or "
        "MLFLOW_TRACKING_URI, for its password is not kept\n"
    )


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts and never answers."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_data_that_cannot_be_drawn_is_a_warning(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw() -> Path:
        raise ValueError("no images")

    monkeypatch.setattr("nas.search.gallery.gallery_of", lambda record, layout: draw)
    result = run(home, "sync", "small")
    assert (result.exit_code, "8 runs written" in result.stdout) == (0, True)
    assert result.stderr == "nas: warning: small: its data cannot be shown (no images)\n"


def test_a_service_that_is_not_there(home: Path, silent_port: int) -> None:
    for port, reason in ((9, "Connection refused"), (silent_port, "timed out")):
        result = run(home, "sync", "small", "--tracking-uri", f"http://me:secret@127.0.0.1:{port}")
        assert result.exit_code == 3
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"nas: error: MLflow at http://me:***@127.0.0.1:{port}: no answer (")
        assert reason in line


@pytest.mark.parametrize(
    ("uri", "code", "line"),
    [
        ("none", 2, "nas: error: --tracking-uri: none keeps no runs; name MLflow's store"),
        ("ftp://me:secret@h", 3, "nas: error: tracking URI 'ftp://me:***@h': MLflow keeps runs in a database or"),
    ],
)
def test_what_is_no_store(home: Path, uri: str, code: int, line: str) -> None:
    result = run(home, "sync", "small", "--tracking-uri", uri)
    assert result.exit_code == code
    assert result.stderr.startswith(line)


def test_an_unknown_study(home: Path) -> None:
    result = run(home, "sync", "smal")
    assert (result.exit_code, result.stderr) == (
        2, "nas: error: study smal: there is no such study; did you mean small?\n"
    )  # fmt: skip
