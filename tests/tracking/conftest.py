"""Records to track, and MLflow databases that are ready at once: migrating a new one takes seconds."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from nas.records import Cost, EpochMetrics, Verdict
from nas.tracking.quiet import quiet_environment
from nas.tracking.record import TrialRecord

START = 1_700_000_000.0


@pytest.fixture(autouse=True, scope="session")
def quiet() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in quiet_environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nas.tracking.database import connect

    path = tmp_path_factory.mktemp("prepared") / "mlflow.db"
    connect(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database(prepared_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(prepared_database, tmp_path / "mlflow.db"))


def curve_of(epochs: int) -> tuple[EpochMetrics, ...]:
    return tuple(
        EpochMetrics(epoch, {"val_accuracy": 0.5 + epoch / 100, "val_loss": 1 / epoch, "seconds": 2.0})
        for epoch in range(1, epochs + 1)
    )


def running(number: int = 0, epochs: int = 0, **changes: object) -> TrialRecord:
    record = TrialRecord(
        study="toy",
        number=number,
        reference=None,
        baseline=(),
        verdict=None,
        cause=None,
        params={"model.convnet.filters": 32, "model.convnet.batch_norm": True},
        config={"seed": 7, "model": {"kind": "convnet", "filters": 32}},
        cost=Cost(params=2_000_000, trainable_params=1_999_000, flops=40_000_000, activation_bytes=4096),
        curve=curve_of(epochs),
        metrics={},
        details={},
        environment={"python": "3.11.9"},
        started=START + number,
        finished=None,
        optuna_trial_id=number + 1,
    )
    return replace(record, **changes)


def complete(number: int = 0, epochs: int = 3, **changes: object) -> TrialRecord:
    final = {"val_accuracy": 0.5, "test_accuracy": 0.25, "macro_f1": 0.75}
    ended = {"verdict": Verdict.COMPLETE, "metrics": final, "details": {"confusion": [[1, 0], [0, 1]]}}
    return running(number, epochs, **{"finished": START + number + 60, **ended, **changes})


def points_in(path: Path) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """All points of undeleted runs: (uid, metric) -> (step, value) by step, read from the database itself."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT t.value, m.key, m.step, m.value FROM metrics m JOIN runs r USING (run_uuid) JOIN tags t"
            " ON t.run_uuid = r.run_uuid AND t.key = 'nas.uid' WHERE r.lifecycle_stage = 'active' ORDER BY m.step"
        ).fetchall()
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for uid, key, step, value in rows:
        found.setdefault((uid, key), []).append((step, value))
    return found


def runs_in(path: Path) -> list[tuple[str, str, str]]:
    """Uid, status and verdict of every undeleted run, by uid, read from the database itself."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT t.value, r.status, v.value FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = 'nas.uid'"
            " JOIN tags v ON v.run_uuid = r.run_uuid AND v.key = 'nas.verdict'"
            " WHERE r.lifecycle_stage = 'active' ORDER BY t.value"
        ).fetchall()
