"""kill -9 of the driver at random moments, then the same command: nothing lost, nothing counted twice, no gap."""

import random
import time
from pathlib import Path

import pytest

from tests.drills.study import ROUNDS, Drill, kill


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize(("executor", "kills"), [("local", 3), ("ray", 2)])
def test_killed_driver_loses_nothing(tmp_path: Path, executor: str, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    drill = Drill(tmp_path, executor=executor)
    for _ in range(kills):
        process = drill.start()
        drill.await_progress(process)
        time.sleep(dice.uniform(0, 1.0))
        kill(process)
    drill.finish()
    drill.check()
    assert len(list((drill.home / "artifacts" / "drill").glob("*/weights.pt"))) >= 5
