"""The storage is away for a while, in the middle of a search: the search waits, and goes on as if nothing had been."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.drills.study import LONG, ROUNDS, Drill, kill, until, wait
from tests.postgres import Server

LOCKED, CUT = (30.0, 30.0) if LONG else (6.0, 4.0)


def small(folder: Path, storage: str | None = None, executor: str = "local") -> Drill:
    return Drill(folder, trials=3, executor=executor, storage=storage, forked=executor == "local")


def disturbed(drill: Drill, *disturbances: Callable[[], None]) -> None:
    """Run the drill to its end, disturbed while a trial is being trained, and judge it."""
    process = drill.start()
    for disturb in disturbances:
        drill.await_progress(process, epochs=3)
        assert process.poll() is None, drill.tail()
        disturb()
    assert wait(process) == 0, drill.tail()
    drill.check()
    log = drill.log.read_text()
    assert log.count("waiting for it") == log.count("answers again") == len(disturbances), log


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_sqlite_locked_by_another_process(tmp_path: Path, seed: int) -> None:
    drill = small(tmp_path)

    def lock() -> None:
        with closing(sqlite3.connect(drill.home / "optuna.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 10000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(LOCKED)

    disturbed(drill, lock)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local", "ray"] if LONG else ["local"])
@pytest.mark.parametrize("seed", ROUNDS)
def test_postgres_cut_off_and_restarted(tmp_path: Path, postgres_server: Server, executor: str, seed: int) -> None:
    proxy = postgres_server.proxied(postgres_server.fresh())

    def cut() -> None:
        proxy.cut()
        time.sleep(CUT)
        proxy.mend()

    def restart() -> None:
        postgres_server.stop()
        time.sleep(1)
        postgres_server.start()

    disturbed(small(tmp_path, proxy.url, executor), cut, restart)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_ctrl_c_ends_a_driver_that_waits(tmp_path: Path, postgres_server: Server, seed: int) -> None:
    proxy = postgres_server.proxied(postgres_server.fresh())
    drill = small(tmp_path, proxy.url)
    process = drill.start()
    drill.await_progress(process, epochs=3)
    proxy.cut()
    assert until(lambda: "waiting for it" in drill.tail(), 10)
    process.send_signal(signal.SIGINT)
    assert wait(process, 10) == 130, drill.tail()
    assert "nas: error" not in drill.tail()
    proxy.mend()
    drill.finish()
    drill.check()


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_a_driver_that_lost_its_study_meanwhile_ends(tmp_path: Path, postgres_server: Server, seed: int) -> None:
    proxy = postgres_server.proxied(postgres_server.fresh())
    first, second = small(tmp_path / "first", proxy.url), small(tmp_path / "second", postgres_server.url)
    loser = first.start()
    first.await_progress(loser, epochs=3)
    proxy.cut()
    winner = second.start()
    try:
        second.await_progress(winner, epochs=1)
        proxy.mend()
        assert wait(loser, 30) == 3, first.tail()
        told = [line for line in first.tail().splitlines() if line.startswith("nas: error")]
        assert len(told) == 1
        assert f"study drill: process {winner.pid} on " in told[0]
        assert wait(winner) == 0, second.tail()
    finally:
        kill(loser)
        kill(winner)
    second.check()
