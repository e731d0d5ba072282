"""kill -9 of Ray's own processes while trials run: Ray is started anew, and the trials go on."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.drills.judging import judge
from tests.drills.processes import named
from tests.drills.study import LONG, ROUNDS, Drill, Process, until

KINDS = {"raylet": "/raylet/raylet", "gcs_server": "/gcs/gcs_server"}
SECONDS = 60.0


def goes_on(drill: Drill, process: Process, epochs: int) -> bool:
    return drill.epochs_stored() > epochs or process.poll() is not None


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_a_dead_ray_is_started_anew(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    env = {"NAS_DRILL_EPOCH_SECONDS": "0.3", "NAS_DRILL_CHECKPOINT_SECONDS": "0"}
    drill = Drill(tmp_path, trials=4, epochs=8, env=env, forked=True)
    process = drill.start()
    for kind in dice.sample(sorted(KINDS), k=2) if LONG else ["raylet"]:
        drill.await_progress(process, dice.randint(1, 3))
        time.sleep(dice.uniform(0, 0.3))
        [victim] = named(process.pid, KINDS[kind])
        os.kill(victim, signal.SIGKILL)
        died, seen = time.monotonic(), drill.epochs_stored()
        assert until(partial(goes_on, drill, process, seen + 2), SECONDS), drill.tail()
        print(f"{kind}: epochs again after {time.monotonic() - died:.1f} s")
    assert process.wait(SECONDS) == 0, drill.tail()
    judge(drill)
    assert until(lambda: not drill.processes(), 5), drill.processes()
