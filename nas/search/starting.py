"""The executor of a search: Ray started beside the preparations, for it takes seconds, or this process."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from nas.records import DataInfo
from nas.search.drawing import Measure
from nas.search.listing import trials_at_once
from nas.search.options import Options
from nas.search.queue import TrialQueue
from nas.space.load import LoadedSpace
from nas.space.search_space import SearchSpace

if TYPE_CHECKING:
    from nas.search.executors.cluster import Cluster
    from nas.search.executors.ray_tune import RayTuneExecutor


class Executor(Protocol):
    """Works on the jobs of a queue until it has no more."""

    def run(self, queue: TrialQueue) -> None:
        """Take jobs, report their epochs, hand back their outcomes."""


@contextmanager
def starting(options: Options, loaded: LoadedSpace) -> "Iterator[Future[Executor] | Future[RayTuneExecutor]]":
    """Start the executor beside the preparations: Ray takes seconds. It is shut down at the end."""
    if options.executor == "local":
        from nas.search.executors.in_process import InProcessExecutor

        ready: Future[Executor] = Future()
        ready.set_result(InProcessExecutor())
        yield ready
        return
    with ThreadPoolExecutor(2, thread_name_prefix="ray-start") as pool:
        executor = pool.submit(_start_ray, pool, options, loaded)
        try:
            yield executor
        finally:
            wait([executor])
            if executor.exception() is None:
                executor.result().close()  # before the threads end: Ray's processes die with those that started them


def _start_ray(pool: ThreadPoolExecutor, options: Options, loaded: LoadedSpace) -> "RayTuneExecutor":
    """Load Tune, which takes a second, while Ray starts."""
    from nas.search.executors.cluster import Cluster

    tune = pool.submit(import_module, "nas.search.executors.ray_tune")
    cluster = Cluster(options.address)
    cluster.start()
    try:
        return _executor_on(cluster, tune.result(), options, loaded)
    except BaseException:
        cluster.stop()
        raise


def _executor_on(cluster: "Cluster", tune: ModuleType, options: Options, loaded: LoadedSpace) -> "RayTuneExecutor":
    """An executor for what the cluster has."""
    from nas.search.executors.cluster import resources_for

    trials = trials_at_once(options.sampler, loaded.space, options.trials)
    resources = resources_for(options.jobs, options.gpus_per_trial, trials)
    if options.address is None:
        tune.take_warm_processes()
    modules = (loaded.module, *loaded.siblings)
    executor: RayTuneExecutor = tune.RayTuneExecutor(cluster, resources, options.layout.ray, modules)
    return executor


def share_cards(
    ready: Executor, space: SearchSpace, measure: Measure, options: Options, data: DataInfo | None
) -> list[str]:
    """Under `--gpus-per-trial auto` let trials share cards by the memory that they need. Returns lines that say how."""
    if options.gpus_per_trial != "auto" or options.executor == "local":
        return []
    from nas.search.executors.cluster import resources_for
    from nas.search.executors.ray_tune import RayTuneExecutor
    from nas.search.executors.sharing import share_by_memory

    assert isinstance(ready, RayTuneExecutor)
    share = share_by_memory(space, measure, options.layout.place, data)
    if share is None:  # there are no cards
        return []
    ready.resources = resources_for(options.jobs, share.gpus, trials_at_once(options.sampler, space, options.trials))
    return [f"--gpus-per-trial: auto is {share.gpus:g}: {share.why}"]
