"""Trials placed by Ray Tune on whatever processors and cards there are.

Ray is disposable: it holds no state that is ever read back. The searcher below gets its trials from the queue, the
scheduler feeds the queue with every result and death (Tune skips a searcher's `on_trial_result` for a trial that a
scheduler stops, so results go through the scheduler), and what went wrong in either is raised again after Tune has
ended.
"""

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from ray import cloudpickle, tune
from ray.tune.execution import class_cache
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from nas.job import TrialJob
from nas.records import TrialFailure
from nas.search.executors.resources import Resources
from nas.search.executors.worker import Parcel, train
from nas.search.queue import Empty, TrialQueue

ATTEMPTS = 3
"""How often a trial is started when its worker process dies."""


def take_warm_processes() -> None:
    """Let Tune's actors run in the processes that Ray of our own has ready.

    Tune gives its actors a few variables of this process, and Ray would start another process for those that have
    any; those of a cluster that was started here have inherited all of them.
    """
    class_cache.DEFAULT_ENV_VARS.clear()
    class_cache.ENV_VARS_TO_PROPAGATE.clear()


class RayTuneExecutor:
    """Runs the jobs of a queue with Ray Tune, which must be up. `modules`: the space file and its siblings."""

    def __init__(self, resources: Resources, scratch: Path, modules: Iterable[ModuleType] = ()) -> None:
        self.resources = resources
        self.scratch = scratch
        for module in modules:  # workers cannot import them
            cloudpickle.register_pickle_by_value(module)

    def run(self, queue: TrialQueue) -> None:
        """Work until the queue has no more jobs.

        Raises:
            Exception: whatever the queue raised while Tune was calling it.
        """
        _restore_sigterm()
        bridge = _Bridge(queue)
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(dir=self.scratch)
        share = {"cpu": self.resources.cpus, "gpu": self.resources.gpus}
        tuner = tune.Tuner(
            tune.with_resources(train, share),
            tune_config=tune.TuneConfig(
                search_alg=_QueueSearcher(bridge, self.resources),
                scheduler=_QueueScheduler(bridge),
                num_samples=-1,
                max_concurrent_trials=self.resources.jobs,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=folder,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=ATTEMPTS - 1),
                # no callbacks: for the first one Tune loads MLflow, which takes a second
            ),
        )
        try:
            tuner.fit()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if bridge.error is not None:
            raise bridge.error


def _restore_sigterm() -> None:
    """Ray puts a handler of its own in place of Python's, which ends the driver with a stack dump."""
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


class _Bridge:
    """Calls the queue for Tune, and keeps the first error: Tune swallows some, and dies half-way of others."""

    def __init__(self, queue: TrialQueue) -> None:
        self.queue = queue
        self.error: BaseException | None = None
        self.keys: dict[str, tuple[str, int]] = {}

    def take(self, trial_id: str) -> TrialJob | Empty:
        if self.error is not None:
            return Empty.DONE
        try:
            job = self.queue.take()
        except Exception as error:
            self.error = error
            return Empty.DONE
        if isinstance(job, TrialJob):
            self.keys[trial_id] = (job.study, job.number)
        return job

    def report(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Returns whether the trial goes on."""
        if self.error is not None:
            return False
        try:
            if "outcome" in result:
                self.queue.finish(self.keys[trial_id], result["outcome"])
                return False
            return "point" not in result or self.queue.report(self.keys[trial_id], result["point"])
        except Exception as error:
            self.error = error
            return False

    def died(self, trial_id: str, cause: str) -> None:
        if self.error is not None or trial_id not in self.keys:
            return
        try:
            self.queue.finish(self.keys[trial_id], TrialFailure(cause))
        except Exception as error:
            self.error = error


class _QueueSearcher(Searcher):
    """Tune's way to ask for trials. Tune pickles it into its own state, which is never read: nothing goes along."""

    def __init__(self, bridge: _Bridge, resources: Resources) -> None:
        super().__init__()
        self.bridge: _Bridge | None = bridge
        self.resources = resources

    def suggest(self, trial_id: str) -> Any:
        assert self.bridge is not None
        job = self.bridge.take(trial_id)
        if isinstance(job, TrialJob):
            shared = replace(job, threads=self.resources.threads, gpu=self.resources.gpus > 0)
            return {"job": Parcel(shared)}
        return Searcher.FINISHED if job is Empty.DONE else None

    def set_search_properties(self, metric: Any, mode: Any, config: Any, **spec: Any) -> bool:
        return True

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Results go through the scheduler."""

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Outcomes are results, and deaths come through the scheduler: both before this.

        A trial that called `exit` is neither; one that has been told already is left as it is.
        """
        if self.bridge is not None and not error:
            self.bridge.died(trial_id, "ended without a result: something in it called exit")

    def save(self, checkpoint_path: str) -> None:
        """Ray's state is disposable."""

    def restore(self, checkpoint_path: str) -> None:
        raise RuntimeError("a study is resumed from its storage, never from Ray's files")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bridge": None}


class _QueueScheduler(FIFOScheduler):
    """Feeds the queue with every result and death, and stops the trials that it wants stopped."""

    def __init__(self, bridge: _Bridge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bridge: _Bridge | None = bridge

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        assert self.bridge is not None
        goes_on = self.bridge.report(trial.trial_id, result)
        return TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """The last result of a trial comes here instead of `on_trial_result`."""
        assert self.bridge is not None
        self.bridge.report(trial.trial_id, result)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """A trial's worker has died as often as it may."""
        assert self.bridge is not None
        self.bridge.died(trial.trial_id, f"the worker process died {ATTEMPTS} times: {_why(trial)}")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bridge": None}


def _why(trial: Trial) -> str:
    """What Ray says of a worker's death, in a line. Tune leaves it in a file of the trial's own folder."""
    file = trial.error_file
    if file is None or not Path(file).is_file():
        return "no reason was given"
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    if "OutOfMemoryError" in text:
        return "out of memory: Ray ended it to keep the machine alive"
    told = [line.strip() for line in text.splitlines() if "died" in line or "Error:" in line]
    return told[-1] if told else text.strip().splitlines()[-1]
