"""MLflow behind a server that is down for a whole study, then up. Judged by reading the server's database."""

import sys
import time
from pathlib import Path

import pytest

from nas.tracking.service import launch
from nas.tracking.tracker import open_tracker
from tests.pace import check_time
from tests.tracking.conftest import complete, points_in, running, runs_in
from tests.tracking.ports import free_port


@pytest.mark.slow
def test_a_server_that_is_down_slows_nothing_and_gets_everything_once(database: Path, tmp_path: Path):
    port = free_port()
    tracker = open_tracker(f"http://127.0.0.1:{port}", tmp_path / "unused")
    server = None
    try:
        began = time.monotonic()
        for number in range(3):
            for epochs in range(5):
                tracker.mirror(running(number, epochs))
            tracker.mirror(complete(number, 5))
        check_time(time.monotonic() - began, 1)
        assert not tracker.flush(60)
        assert tracker.run_ids() == {}

        command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        server = launch("MLflow", port, command, {
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{database}",
            "MLFLOW_ARTIFACTS_DESTINATION": str(tmp_path / "files"),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        })  # fmt: skip
        deadline = time.monotonic() + 120
        while server.get("/health")[0] != 200:
            assert time.monotonic() < deadline, server.last_words()
            time.sleep(0.2)
        assert tracker.flush(60)
        assert set(tracker.run_ids()) == {"toy/0", "toy/1", "toy/2"}
    finally:
        tracker.close()
        if server is not None:
            server.close()
    assert runs_in(database) == [(f"toy/{number}", "FINISHED", "complete") for number in range(3)]
    points = points_in(database)
    for number in range(3):
        assert points[f"toy/{number}", "val_loss"] == [(epoch, 1 / epoch) for epoch in range(1, 6)]
    assert len(list((tmp_path / "files").rglob("config.json"))) == 3
    assert not (tmp_path / "unused").exists()
