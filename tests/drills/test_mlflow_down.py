"""An MLflow server that is down, silent or killed: no search fails or waits, and each figure arrives once in the end.

Judged by reading the server's database.
"""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

import pytest

from nas.search.run import SECONDS_TO_FLUSH
from tests.drills.forked import server as forks
from tests.drills.mlflow_server import MlflowServer
from tests.drills.study import LONG, ROUNDS, Drill, Process, sqlite_rows, until, wait
from tests.tracking.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    server = MlflowServer(tmp_path / "server.db", tmp_path / "files", free_port())
    yield server
    server.kill()


def make_drill(folder: Path, uri: str, epochs: int = 4, epoch_seconds: float = 0) -> Drill:
    return Drill(
        folder, trials=4, epochs=epochs, name=folder.name, executor="local", forked=True,
        options=("--tracking-uri", uri), env={"NAS_DRILL_EPOCH_SECONDS": str(epoch_seconds)},
    )  # fmt: skip


@contextmanager
def silent(port: int = 0) -> Iterator[str]:
    """The address of a server that accepts and never answers."""
    with closing(socket.create_server(("127.0.0.1", port))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def await_end(drill: Drill, process: Process) -> float:
    """Its exit code is 0. Returns seconds between the last verdict and the end."""
    assert wait(process, 120) == 0, drill.tail()
    return time.time() - max(drill.attributes("finished").values())


def sync(drill: Drill, uri: str) -> None:
    """`nas sync` by a process of its own."""
    arguments = ["sync", drill.name, "--home", str(drill.home), "--tracking-uri", uri]
    assert wait(forks().start(arguments, drill.log, {}), 120) == 0, drill.tail()


def check(server: MlflowServer, drill: Drill) -> None:
    """One finished run a trial, with one point an epoch; one run that shows the data."""
    assert drill.states() == {"COMPLETE": drill.trials}, drill.tail()
    query = "SELECT value, status FROM tags JOIN runs USING (run_uuid) WHERE key = 'nas.uid' AND value LIKE '{}/%'"
    runs = Counter(sqlite_rows(server.database, query.format(drill.name)))
    assert runs == {(f"{drill.name}/{number}", "FINISHED"): 1 for number in range(drill.trials)}, drill.tail()
    points = Counter(sqlite_rows(
        server.database,
        "SELECT t.value, m.step FROM metrics m JOIN tags t USING (run_uuid) WHERE t.key = 'nas.uid'"
        f" AND t.value LIKE '{drill.name}/%' AND m.key = 'val_loss'",
    ))  # fmt: skip
    epochs = range(1, drill.epochs + 1)
    assert points == {(f"{drill.name}/{number}", epoch): 1 for number in range(drill.trials) for epoch in epochs}
    shown = sqlite_rows(
        server.database,
        "SELECT status FROM runs JOIN tags k USING (run_uuid) JOIN tags s USING (run_uuid) WHERE k.key = 'nas.kind'"
        f" AND k.value = 'data' AND s.key = 'nas.study' AND s.value = '{drill.name}'",
    )
    assert shown == [("FINISHED",)]


@pytest.mark.parametrize("seed", ROUNDS)
def test_down_for_the_whole_run_then_up(tmp_path: Path, server: MlflowServer, seed: int) -> None:
    refused = make_drill(tmp_path / "refused", server.uri)
    with silent() as address:
        unanswered = make_drill(tmp_path / "unanswered", address)
        processes = refused.start(), unanswered.start()
        assert await_end(refused, processes[0]) < SECONDS_TO_FLUSH
        server.start()
        assert await_end(unanswered, processes[1]) < SECONDS_TO_FLUSH
    for drill in (refused, unanswered):
        assert drill.states() == {"COMPLETE": drill.trials}, drill.tail()
        assert "Traceback" not in drill.tail()
    server.await_answer()
    sync(refused, server.uri)
    unanswered.finish("--tracking-uri", server.uri)
    for drill in (refused, unanswered):
        check(server, drill)
    sync(refused, server.uri)
    check(server, refused)
    assert "4 runs written, 0 there already" in refused.tail()
    assert "0 runs written, 4 there already" in refused.tail()


@pytest.mark.parametrize("seed", ROUNDS)
def test_killed_in_the_middle_and_started_again(tmp_path: Path, server: MlflowServer, seed: int) -> None:
    server.start()
    server.await_answer()
    drill = make_drill(tmp_path / "killed", server.uri, epochs=8, epoch_seconds=0.5 + seed % 5 / 5)
    process = drill.start()
    points = "SELECT count(*) FROM metrics WHERE key = 'val_loss'"
    until(lambda: sqlite_rows(server.database, points)[:1] > [(0,)] or process.poll() is not None, 90)
    assert process.poll() is None, drill.tail()
    server.kill()
    drill.await_progress(process, 1 + seed % 3)
    server.start()
    await_end(drill, process)
    server.await_answer()
    if "nas sync" in drill.tail():  # not all had arrived when the search ended, and it said so
        sync(drill, server.uri)
    check(server, drill)


@pytest.mark.skipif(not LONG, reason="measures: part of the long form alone")
def test_a_server_that_is_down_does_not_slow_the_search(tmp_path: Path) -> None:
    """Seconds until the last verdict, with a server that refuses and without tracking, by turns."""
    seconds: dict[str, list[float]] = {"none": [], f"http://127.0.0.1:{free_port()}": []}
    for turn in range(len(ROUNDS)):
        for place, (uri, taken) in enumerate(seconds.items()):
            folder, options = tmp_path / f"turn{turn}-{place}", ("--tracking-uri", uri)
            drill = Drill(folder, trials=12, epochs=12, executor="local", options=options)
            drill.finish()
            taken.append(max(drill.attributes("finished").values()) - min(drill.attributes("started").values()))
    without, down = map(median, seconds.values())
    print(f"\nMLflow down: {down:.2f} s, without tracking: {without:.2f} s, ratio {down / without:.3f}")
    assert down / without < 1.05
