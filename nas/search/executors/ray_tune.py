"""Trials placed by Ray Tune on whatever processors and cards there are.

Ray is disposable: it holds no state that is ever read back. Where it dies it is started anew, and the trials that were
live go on from their checkpoints.
"""

import logging
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ray import cloudpickle, tune
from ray.air.execution.resources import placement_group as groups
from ray.tune.execution import class_cache
from ray.util.placement_group import PlacementGroup, remove_placement_group

from nas.disk import full_disk_line, is_disk_full
from nas.search.executors.bridge import Bridge, QueueScheduler, QueueSearcher
from nas.search.executors.cluster import Cluster, dead_process
from nas.search.executors.resources import ResourceError, Resources
from nas.search.executors.watch import Watch, too_often
from nas.search.executors.worker import train
from nas.search.queue import TrialQueue
from nas.search.storage import DiskFull

log = logging.getLogger(__name__)

REVIVALS = 2
"""How often Ray is started anew with no epoch of any trial in between, and how often that is tried."""


def take_warm_processes() -> None:
    """Let Tune's actors run in the processes that Ray of our own has ready.

    Tune gives its actors a few variables of this process, and Ray would start another process for those that have
    any; those of a cluster that was started here have inherited all of them.
    """
    class_cache.DEFAULT_ENV_VARS.clear()
    class_cache.ENV_VARS_TO_PROPAGATE.clear()


def _remove_placement_group(group: PlacementGroup) -> None:
    """Tune frees what its trials had of a cluster; of a dead one that would wait for an answer."""
    if not dead_process():
        remove_placement_group(group)


groups.remove_placement_group = _remove_placement_group  # type: ignore[attr-defined]


class RayTuneExecutor:
    """Runs the jobs of a queue with Ray Tune on a cluster that is up. `modules`: the space file and its siblings."""

    def __init__(
        self, cluster: Cluster, resources: Resources, scratch: Path, modules: Iterable[ModuleType] = ()
    ) -> None:
        self.cluster = cluster
        self.resources = resources
        self.scratch = scratch
        for module in modules:  # workers cannot import them
            cloudpickle.register_pickle_by_value(module)

    def run(self, queue: TrialQueue) -> None:
        """Work until the queue has no more jobs. Only the main thread may call this.

        Raises:
            Exception: whatever the queue raised while Tune was calling it.
            ResourceError: Ray died, and could not be started anew.
        """
        vain = 0
        while True:
            watch = Watch(self.cluster.trouble)
            bridge = Bridge(queue, watch, local=self.cluster.address is None)
            try:
                self._work(bridge)
                if not watch.cause:
                    return
                vain = 0 if bridge.epochs else vain + 1
                if vain > REVIVALS:
                    raise too_often(watch.cause, f"it has died {vain} times without an epoch in between")
                self._revive(watch.cause)
                queue.serve_again(*list(queue.live))
            finally:
                watch.back()

    def close(self) -> None:
        """End the cluster, or disconnect from it."""
        self.cluster.stop()

    def _work(self, bridge: Bridge) -> None:
        """Let Tune work until there are no more jobs, or Ray is dead: then the watch knows the cause.

        Raises:
            Exception: of the queue, or of Tune.
        """
        _restore_sigterm()
        try:
            with self._folder() as folder, bridge.watch.breaking_out():
                self._tuner(bridge, folder).fit()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if bridge.error is not None:
                raise bridge.error from error
            if is_disk_full(error):  # what Tune itself could not write is never read: what stands in the ledger goes on
                raise DiskFull(full_disk_line(error, self.scratch)) from error
            if not bridge.watch.look():
                raise
        if bridge.error is not None:
            raise bridge.error

    def _revive(self, cause: str) -> None:
        began, why = time.monotonic(), ""
        for _ in range(REVIVALS):
            self.cluster.stop()
            try:
                self.cluster.start()
            except ResourceError as error:
                why = str(error)
            else:
                log.warning(
                    "Ray: %s; started anew within %.0f s, its trials go on from their checkpoints",
                    cause, time.monotonic() - began,
                )  # fmt: skip
                return
        raise too_often(cause, f"it could not be had again: {why.partition(';')[0]}")

    @contextmanager
    def _folder(self) -> Iterator[str]:
        """For what Tune writes of its own state."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(dir=self.scratch)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _tuner(self, bridge: Bridge, folder: str) -> tune.Tuner:
        share = {"cpu": self.resources.cpus, "gpu": self.resources.gpus}
        return tune.Tuner(
            tune.with_resources(train, share),
            tune_config=tune.TuneConfig(
                search_alg=QueueSearcher(bridge, self.resources),
                scheduler=QueueScheduler(bridge),
                num_samples=-1,
                max_concurrent_trials=self.resources.jobs,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=folder,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),  # the queue knows whom to serve again
                # no callbacks: for the first one Tune loads MLflow, which takes a second
            ),
        )


def _restore_sigterm() -> None:
    """Ray puts a handler of its own in place of Python's, which ends the driver with a stack dump."""
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
