"""kill -9 of the driver at random moments, then the same command: nothing lost, nothing counted twice, no gap."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.drills.judging import check_curves, check_work, judge, verdicts
from tests.drills.spaces import ONE_OBJECTIVE
from tests.drills.study import LONG, ROUNDS, SPACE, Drill, Process, only_long, until

STARTING = {"local": 1.5, "ray": 9.0}
"""Seconds in which a driver opens its databases, reads its data and hands out its first trial."""


def at_random(drill: Drill, process: Process, when: str, dice: Random) -> None:
    """Wait for a random moment of this kind, or until the driver has ended."""
    if when == "start":
        time.sleep(dice.uniform(0, STARTING[drill.executor]))
    elif when == "epoch":
        drill.await_progress(process, dice.randint(1, 8))
        time.sleep(dice.uniform(0, 0.5))
    elif when == "between":
        seen = drill.counted()
        until(lambda: drill.counted() > seen or process.poll() is not None, 60, every=0.005)
        time.sleep(dice.uniform(0, 0.02))
    else:
        name = f"{drill.name}.references"
        seen = sum(map(len, drill.curves(name).values()))
        until(lambda: sum(map(len, drill.curves(name).values())) > seen or process.poll() is not None, 120)


def kill_and_resume(drill: Drill, moments: list[str], dice: Random, references: int = 0) -> None:
    for when in moments:
        process = drill.start()
        at_random(drill, process, when, dice)
        drill.kill(process)
    drill.finish()
    judge(drill, references)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_two_objectives(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    drill = Drill(tmp_path, 20 if LONG else 8, 10 if LONG else 6, executor="local", space=SPACE, forked=True)
    moments = dice.choices(["start", "epoch", "between"], k=5) if LONG else ["start", "epoch", "between"]
    kill_and_resume(drill, moments, dice)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_one_objective_with_a_pruner(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    drill = Drill(
        tmp_path, 20 if LONG else 10, 10 if LONG else 6, executor="local", space=ONE_OBJECTIVE,
        options=("--scheduler", dice.choice(["asha", "median", "hyperband"])), forked=True,
    )  # fmt: skip
    moments = [*dice.choices(["start", "epoch", "between"], k=4 if LONG else 1), "reference"]
    kill_and_resume(drill, moments, dice, references=2)
    assert LONG or "pruned" in verdicts(drill).values()


@only_long  # the short form kills Ray's driver while a checkpoint is written: see test_kill_points.py
@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_ray(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    drill = Drill(tmp_path, 20, 10, executor="ray", space=ONE_OBJECTIVE, options=("--scheduler", "asha"), forked=True)
    moments = dice.choices(["start", "epoch", "between", "reference"], k=3)
    kill_and_resume(drill, moments, dice, references=2)


@only_long
@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("epoch_seconds", [0.4, 1.7, 3.0, 6.0])
def test_what_is_repeated_of_a_long_trial(tmp_path: Path, epoch_seconds: float, seed: int) -> None:
    """Trials of more than ten seconds: without checkpoints all of it would be done again."""
    dice = Random(seed)
    epochs = int(16 / epoch_seconds)
    env = {"NAS_DRILL_EPOCH_SECONDS": str(epoch_seconds)}
    drill = Drill(tmp_path, trials=1, epochs=epochs, executor="local", env=env, forked=True)
    process = drill.start()
    until(lambda: drill.epochs_stored() * epoch_seconds > 12, 90)
    time.sleep(dice.uniform(0, epoch_seconds))
    drill.kill(process)
    drill.finish()
    assert drill.counted() == 1
    check_curves(drill)
    check_work(drill)
