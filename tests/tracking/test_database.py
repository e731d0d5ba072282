import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from nas.tracking.database import connect, is_prepared, sqlite_file
from tests.tracking.ports import free_port


def test_the_file_of_a_uri():
    assert sqlite_file("sqlite:////home/me/mlflow.db") == Path("/home/me/mlflow.db")
    assert sqlite_file("sqlite:///mlflow.db?timeout=5") == Path("mlflow.db").absolute()
    assert sqlite_file("postgresql://me@host/db") is None


def test_only_a_migrated_database_is_prepared(database: Path, tmp_path: Path):
    assert is_prepared(database)
    assert not is_prepared(tmp_path / "missing.db")
    (tmp_path / "other.db").write_text("no database")
    assert not is_prepared(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_text() == "no database"


def test_readers_do_not_hold_up_the_writer(database: Path):
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_that_does_not_answer_is_told_at_once():
    pytest.importorskip("psycopg")
    began = time.monotonic()
    with pytest.raises(Exception, match="refused") as error:
        connect(f"postgresql+psycopg://me:secret@127.0.0.1:{free_port()}/db")
    assert time.monotonic() - began < 20  # MLflow alone: 100 s
    assert "secret" not in str(error.value)


@pytest.mark.slow
def test_processes_that_start_at_once_do_not_break_each_other(tmp_path: Path):
    path = tmp_path / "new home" / "mlflow.db"
    code = (
        "import sys; from nas.tracking.database import connect; client = connect(sys.argv[1]);"
        "client.create_experiment(sys.argv[2])"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{path}", f"study {number}"]) for number in range(3)
    ]
    try:
        assert [process.wait(120) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            process.kill()
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM experiments")}
    assert names == {"Default", "study 0", "study 1", "study 2"}


@pytest.mark.slow
def test_a_database_whose_making_was_broken_off_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mlflow.tracking import MlflowClient

    path = tmp_path / "mlflow.db"

    class Killed(BaseException):
        pass

    def killed(*args: object, **kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "search_experiments", killed)
        with pytest.raises(Killed):
            connect(f"sqlite:///{path}")
    assert not path.exists()
    (left_over,) = tmp_path.glob("mlflow.db.new-*")
    connect(f"sqlite:///{path}").create_experiment("toy")
    assert is_prepared(path)
    assert not left_over.exists()
