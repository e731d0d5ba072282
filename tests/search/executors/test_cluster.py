"""Ray of our own: what it leaves out, at which priority its workers run, and that Tune's actors find them warm."""

import os
import subprocess
import sys

import pytest

STARTED = """
import os, ray, psutil
from nas.search.executors.cluster import Cluster
cluster = Cluster()
cluster.start()
names = " ".join(" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True))
print([part for part in ("raylet", "dashboard.py", "monitor.py") if part in names])
print(ray.get(ray.remote(lambda: os.nice(0)).remote()) - os.nice(0))
cluster.stop()
"""


@pytest.mark.slow
def test_a_cluster_of_our_own_is_bare_and_its_workers_run_at_our_priority() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_worker_niceness"}
    done = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert done.stdout.splitlines()[-2:] == ["['raylet']", "0"], done.stderr


ACTORS = """
import os
import ray
from nas.search.executors.cluster import Cluster
cluster = Cluster()
cluster.start()
from nas.search.executors import ray_tune
ray_tune.take_warm_processes()
from ray.tune.execution.class_cache import _ActorClassCache
class Actor:
    def given(self):
        return ray.get_runtime_context().runtime_env, os.environ["RAY_CHDIR_TO_TRIAL_DIR"]
print(*ray.get(_ActorClassCache().get(Actor).remote().given.remote()))
cluster.stop()
"""


@pytest.mark.slow
def test_actors_of_tune_need_no_environment_and_have_inherited_it() -> None:
    done = subprocess.run([sys.executable, "-c", ACTORS], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ["{} 0"], done.stdout + done.stderr
