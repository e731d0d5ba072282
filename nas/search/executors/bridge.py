"""Tune's side of the queue: the searcher gets its trials from it, the scheduler feeds it with every result and death.

Tune skips a searcher's `on_trial_result` for a trial that a scheduler stops, so results go through the scheduler. What
goes wrong in the queue is kept, and raised again after Tune has ended: Tune swallows some errors, and dies half-way of
others.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from nas.job import TrialJob
from nas.records import TrialFailure
from nas.search.executors.deaths import death_of, kernel_kills
from nas.search.executors.resources import Resources
from nas.search.executors.watch import Watch
from nas.search.executors.worker import Parcel
from nas.search.queue import Empty, TrialQueue

log = logging.getLogger(__name__)


class Bridge:
    """Calls the queue for Tune while Ray is alive, and keeps the first error.

    local: whether all workers are on this machine. epochs: how many have come in.
    """

    def __init__(self, queue: TrialQueue, watch: Watch, local: bool = True) -> None:
        self.queue = queue
        self.watch = watch
        self.local = local
        self.error: BaseException | None = None
        self.epochs = 0
        self._jobs: dict[str, TrialJob] = {}
        self._kills = kernel_kills()

    @property
    def over(self) -> bool:
        """Whether the queue is to hear no more: it has failed, or Ray is dead, and what Tune tells now is not true."""
        return self.error is not None or bool(self.watch.cause)

    def take(self, trial_id: str) -> TrialJob | Empty:
        """The next job. A trial that runs may be served again, so there is none only once none runs."""
        job: TrialJob | Empty = Empty.DONE
        with self.watch.shield():
            if not self.over:
                job = self._guarded(self.queue.take, Empty.DONE)
            if isinstance(job, TrialJob):
                self._jobs[trial_id] = job
        return Empty.WAIT if job is Empty.DONE and self.queue.live and not self.over else job

    def report(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Returns whether the trial goes on."""
        with self.watch.shield():
            job = self._jobs.get(trial_id)
            if self.over or job is None:
                return False
            key = (job.study, job.number)
            for line in result.get("warnings", ()):
                log.warning("%s trial %d: %s", *key, line)
            if "outcome" in result:
                del self._jobs[trial_id]
                self._guarded(lambda: self.queue.finish(key, result["outcome"]), None)
                return False
            if "point" not in result:
                return True
            self.epochs += 1
            return bool(self._guarded(lambda: self.queue.report(key, result["point"]), False))

    def exited(self, trial_id: str) -> None:
        """A trial has ended without an outcome; one that has been told already is left as it is."""
        self._lose(trial_id, lambda key, _: self.queue.finish(key, TrialFailure(_CALLED_EXIT)))

    def died(self, trial_id: str, told: str) -> None:
        """A trial's worker process has died. told: what Ray says of it."""

        def lose(key: tuple[str, int], job: TrialJob) -> None:
            kills = kernel_kills()
            death = death_of(job, told, self.local and kills > self._kills)
            self._kills = kills
            if death.counts:
                self.queue.lose(key, death.failure, death.again)
            else:
                self.queue.serve_again(key)

        self._lose(trial_id, lose)

    def _lose(self, trial_id: str, tell: "Callable[[tuple[str, int], TrialJob], None]") -> None:
        """Tell the queue, unless the worker died of Ray's own death."""
        with self.watch.shield():
            job = self._jobs.pop(trial_id, None)
            if job is None or self.watch.look() or self.over:
                return
            key = (job.study, job.number)
            if key in self.queue.live:
                self._guarded(lambda: tell(key, job), None)

    def _guarded(self, call: "Callable[[], Any]", otherwise: Any) -> Any:
        try:
            return call()
        except Exception as error:
            self.error = error
            return otherwise


_CALLED_EXIT = "ended without a result: something in it called exit"


class QueueSearcher(Searcher):
    """Tune's way to ask for trials. Tune pickles it into its own state, which is never read: nothing goes along."""

    def __init__(self, bridge: Bridge, resources: Resources) -> None:
        super().__init__()
        self.bridge: Bridge | None = bridge
        self.resources = resources

    def suggest(self, trial_id: str) -> Any:
        """A config that holds the next job; None: later; FINISHED: no more."""
        assert self.bridge is not None
        job = self.bridge.take(trial_id)
        if isinstance(job, TrialJob):
            shared = replace(job, threads=self.resources.threads, gpu=self.resources.gpus > 0)
            return {"job": Parcel(shared)}
        return Searcher.FINISHED if job is Empty.DONE else None

    def set_search_properties(self, metric: Any, mode: Any, config: Any, **spec: Any) -> bool:
        """The queue knows what is sought."""
        return True

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Results go through the scheduler."""

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Outcomes are results, and deaths come through the scheduler: both before this.

        A call of `exit` is neither.
        """
        if self.bridge is not None and not error:
            self.bridge.exited(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Ray's state is disposable."""

    def restore(self, checkpoint_path: str) -> None:
        """Never done."""
        raise RuntimeError("a study is resumed from its storage, never from Ray's files")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bridge": None}


class QueueScheduler(FIFOScheduler):
    """Feeds the queue with every result and death, and stops the trials that it wants stopped."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bridge: Bridge | None = bridge

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Whether the trial goes on, in Tune's words."""
        assert self.bridge is not None
        goes_on = self.bridge.report(trial.trial_id, result)
        return TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """The last result of a trial comes here instead of `on_trial_result`."""
        assert self.bridge is not None
        self.bridge.report(trial.trial_id, result)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """A trial's worker has died. Tune leaves what Ray says of it in a file of the trial's own folder."""
        assert self.bridge is not None
        file = Path(trial.error_file) if trial.error_file else None
        told = file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else ""
        self.bridge.died(trial.trial_id, told)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bridge": None}
