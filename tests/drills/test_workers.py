"""kill -9 of the process that trains: its trial goes on from its checkpoint, three times at most."""

import os
import signal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.drills.judging import check_curves, check_tracking, check_work, judge
from tests.drills.processes import named
from tests.drills.study import ROUNDS, Drill, Process, only_long, until

TRAINING = "ray::ImplicitFunc.train"
"""What Ray calls a worker while a trial is in it."""


def kill_worker(drill: Drill, process: Process, dice: Random) -> None:
    """Kill one that trains, after at least one more epoch."""
    drill.await_progress(process)
    found = named(process.pid, TRAINING)
    if found:
        os.kill(dice.choice(found), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_its_trial_goes_on_and_no_other_notices(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    env = {"NAS_DRILL_EPOCH_SECONDS": "0.3", "NAS_DRILL_CHECKPOINT_SECONDS": "0"}
    drill = Drill(tmp_path, trials=4, epochs=6, env=env, forked=True)
    process = drill.start()
    for _ in range(2):
        kill_worker(drill, process, dice)
    assert process.wait(120) == 0, drill.tail()
    judge(drill)
    deaths = [cause for causes in drill.attributes("deaths").values() for cause in causes]
    assert 1 <= len(deaths) <= 2
    assert set(deaths) == {"SIGKILL, or it ended itself at once"}


def died(drill: Drill, times: int) -> bool:
    return len(drill.attributes("deaths").get(0, ())) >= times


@only_long  # the short form lets a trial end its own worker three times: see test_trial_faults.py
@pytest.mark.slow
def test_after_three_deaths_it_fails_with_the_cause(tmp_path: Path) -> None:
    env = {"NAS_DRILL_EPOCH_SECONDS": "0.6", "NAS_DRILL_CHECKPOINT_SECONDS": "0"}
    drill = Drill(tmp_path, trials=1, epochs=40, env=env, forked=True)
    process = drill.start()
    for death in range(3):
        assert until(lambda: bool(named(process.pid, TRAINING)), 60), drill.tail()
        drill.await_progress(process)
        [worker] = named(process.pid, TRAINING)
        os.kill(worker, signal.SIGKILL)
        until(partial(died, drill, death + 1), 30)
    assert process.wait(60) == 5, drill.tail()  # every trial failed
    causes = drill.attributes("cause")
    assert causes == {0: "the worker process died 3 times: SIGKILL, or it ended itself at once"}
    check_curves(drill)
    check_tracking(drill)
    check_work(drill)
