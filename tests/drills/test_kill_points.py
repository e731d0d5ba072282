"""kill -9 of the driver at named points of its work (see `points.py`), then the same command."""

import signal
from pathlib import Path
from random import Random

import pytest

from tests.drills.judging import judge, lives_of
from tests.drills.points import POINTS
from tests.drills.spaces import NAMED
from tests.drills.study import LONG, ROUNDS, Drill, until, wait

FIRST = ("study created", "attribute of the study", "data prepared", "half of the baselines queued")
"""What happens once in a study's life, in this order."""
MIRRORING = tuple(name for name in POINTS if "MLflow'" in name or name.startswith("MLflow"))
"""What happens in the background, and at a driver's end at the latest."""
SELDOM = {"before checkpoints are removed", "weights written", *FIRST, *MIRRORING}
"""What may not happen a second time in the little that a driver here does."""
ONLY_COMMITS = {"before a commit": 30, "after a commit": 30}


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_killed_at_each_point_in_turn(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    drill = Drill(
        tmp_path, trials=30, epochs=3, executor="local", space=NAMED, forked=True,
        env={"NAS_DRILL_CHECKPOINT_SECONDS": "0"},
    )  # fmt: skip
    in_between = [name for name in POINTS if name not in (*FIRST, *MIRRORING)]
    dice.shuffle(in_between)
    for name in (*FIRST, *in_between):
        most = ONLY_COMMITS.get(name, 1 if name in SELDOM else 3)
        count = 3 if name == "half of the baselines queued" else dice.randint(1, most)
        die_at(drill, name, count)
    for name in MIRRORING:
        die_at(drill, name, 1, "--trials", str(drill.counted() + 1))
    drill.finish()
    judge(drill, references=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_killed_at_the_first_commits(tmp_path: Path, seed: int) -> None:
    """From an empty folder on: the tables, the study, its attributes, its baselines, the first trials."""
    dice = Random(seed)
    drill = Drill(tmp_path, trials=6, epochs=3, executor="local", space=NAMED, forked=True)
    for _ in range(6):
        die_at(drill, dice.choice(["before a commit", "after a commit"]), dice.randint(1, 8))
    drill.finish()
    judge(drill, references=1)


def die_at(drill: Drill, name: str, count: int, *options: str) -> None:
    process = drill.start(*options, point=(name, count))
    assert wait(process, 60) == -signal.SIGKILL, f"{name}, {count} times: not reached; {drill.tail()}"
    drill.kill(process)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("executor", ["local", "ray"] if LONG else ["ray"])
def test_killed_while_a_checkpoint_is_written(tmp_path: Path, executor: str, seed: int) -> None:
    """With Ray it is the worker that writes; it dies with its driver. What it leaves half there misleads nobody."""
    slowly = {"NAS_DRILL_CHECKPOINT_SECONDS": "0", "NAS_DRILL_WRITE_SECONDS": "1.5"}
    drill = Drill(tmp_path, trials=2, epochs=4, executor=executor, env=slowly, forked=True)
    process = drill.start()
    checkpoints = drill.home / "checkpoints"

    def midway() -> bool:
        return bool(list(checkpoints.rglob("epoch-*"))) and bool(list(checkpoints.rglob("*.partial")))

    until(lambda: midway() or process.poll() is not None, 90)
    assert process.poll() is None, drill.tail()
    drill.kill(process)
    assert until(lambda: not drill.processes(), 20), "a worker outlives its driver"
    drill.env = {"NAS_DRILL_CHECKPOINT_SECONDS": "0"}
    drill.finish()
    judge(drill)
    assert any(min(life.begins) > 1 for lives in lives_of(drill).values() for life in lives), "no checkpoint was used"
