"""Ctrl-C, SIGTERM and a closed terminal, whenever they come: a good end, soon, and a study that goes on."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.drills.judging import judge, read_journal
from tests.drills.study import LONG, ROUNDS, SPACE, Drill, Process, until, wait
from tests.pace import check_time

SECONDS_TO_END = 10.0
HELD_UP = {"NAS_DRILL_EPOCH_SECONDS": "0,0,60", "NAS_DRILL_CHECKPOINT_SECONDS": "0"}
"""The third epoch takes a minute, and nobody waits for it."""
CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
POINTS_IN_ORDER = (
    "space loaded", "data prepared", "study created", "study opened", "trial begun", "work done", "leaderboard read",
    "leaderboard printed",
)  # fmt: skip
SLOW_SPACE = "import os, time\ntime.sleep(float(os.environ.get('SPACE_SECONDS', '0')))\n" + SPACE


def in_the_long_epoch(drill: Drill) -> Process:
    process = drill.start()
    until(lambda: any(line.get("begins") == 3 for line in read_journal(drill)) or process.poll() is not None, 120)
    time.sleep(0.2)
    assert process.poll() is None, drill.tail()
    return process


def send(process: Process, number: int) -> None:
    """As a terminal does: to the driver and all that it has started in its group."""
    os.killpg(process.pid, number)


def ends(drill: Drill, process: Process, code: int, seconds: float) -> None:
    began = time.monotonic()
    assert wait(process, 60) == code, drill.tail()
    check_time(time.monotonic() - began, seconds, drill.tail())
    assert until(lambda: not drill.processes(), 5), drill.processes()
    assert "Traceback" not in drill.tail(), drill.tail()


def goes_on(drill: Drill) -> None:
    """The same command ends what is left, from the checkpoint of the second epoch."""
    drill.env = {"NAS_DRILL_CHECKPOINT_SECONDS": "0"}
    drill.finish()
    judge(drill)


SHORT = [("local", signal.SIGINT), ("ray", signal.SIGINT)]
MORE = [("local", signal.SIGTERM), ("local", signal.SIGHUP), ("ray", signal.SIGTERM), ("ray", signal.SIGHUP)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize(("executor", "number"), [*SHORT, *MORE] if LONG else SHORT)
def test_once(tmp_path: Path, executor: str, number: int, seed: int) -> None:
    drill = Drill(tmp_path, trials=3, epochs=4, executor=executor, env=HELD_UP, forked=True)
    process = in_the_long_epoch(drill)
    send(process, number)
    ends(drill, process, CODES[number], SECONDS_TO_END)
    assert "the same command goes on" in drill.tail()
    assert drill.states()["RUNNING"] >= 1
    assert drill.states()["FAIL"] == 0
    assert not drill.mlflow_rows("SELECT run_uuid FROM runs WHERE status = 'RUNNING'")
    before = len(read_journal(drill))
    goes_on(drill)
    assert min(line["begins"] for line in read_journal(drill)[before:] if "begins" in line) in (1, 3)
    assert sum(line.get("ends") == 1 for line in read_journal(drill)) == 3, "a checkpoint was not used"


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("executor", ["local", "ray"] if LONG else ["local"])
def test_twice(tmp_path: Path, executor: str, seed: int) -> None:
    dice = Random(seed)
    drill = Drill(tmp_path, trials=3, epochs=4, executor=executor, env=HELD_UP, forked=True)
    process = in_the_long_epoch(drill)
    send(process, signal.SIGINT)
    time.sleep(dice.uniform(0, 0.3))
    send(process, signal.SIGINT)
    ends(drill, process, 130, 5.0)
    goes_on(drill)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_while_it_starts_and_while_it_ends(tmp_path: Path, seed: int) -> None:
    """At named points, one after the other on the same study."""
    drill = Drill(tmp_path, trials=3, epochs=3, executor="local", forked=True)
    for place, name in enumerate(POINTS_IN_ORDER):
        number = (signal.SIGINT, signal.SIGTERM)[(place + seed) % 2]
        process = drill.start(point=(name, 1, number))
        ends(drill, process, CODES[number], SECONDS_TO_END)
    drill.finish()
    judge(drill)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_at_random_while_it_starts(tmp_path: Path, seed: int) -> None:
    """Also in the middle of the space file, and while Ray starts."""
    dice = Random(seed)
    drill = Drill(tmp_path, trials=3, epochs=3, executor="local", space=SLOW_SPACE, forked=True)
    drill.env = {"SPACE_SECONDS": "1"}
    process = drill.start()
    time.sleep(0.5)
    send(process, signal.SIGINT)
    ends(drill, process, 130, 5.0)
    assert not drill.home.exists()
    drill.env = {}
    if LONG:
        drill.executor = "ray"
        process = drill.start()
        time.sleep(dice.uniform(0.5, 4.0))
        send(process, signal.SIGINT)
        ends(drill, process, 130, SECONDS_TO_END)
        drill.executor = "local"
    drill.finish()
    judge(drill)
