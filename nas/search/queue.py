"""The queue between the ledger and the executors: which trial comes next, whether it goes on, how it ended.

An executor takes jobs, reports each epoch, and hands back each outcome; it knows nothing of Optuna, and the queue
knows nothing of Ray.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol

import optuna

from nas.job import TrialJob
from nas.records import Cost, EpochMetrics, TrialFailure, TrialResult, Unfinished, Verdict
from nas.search.drawing import Draw, Drawer, NothingLeft
from nas.search.ledger import Ledger, attributes_of, curve_of, verdict_of
from nas.search.objectives import objective_values
from nas.search.stopping import StoppingRule
from nas.search.storage import DiskFull
from nas.space.algebra import config_hash
from nas.space.config import Config, from_dict
from nas.space.search_space import SearchSpace
from nas.tracking.record import TrialRecord

ATTEMPTS = 3
"""How often a trial is started when its worker process dies."""

Key = tuple[str, int]
"""Study name and trial number: names a trial in one run of the driver."""


class Empty(Enum):
    """Why there is no job: WAIT until a running trial has ended, or DONE."""

    WAIT = "wait"
    DONE = "done"


class Listener(Protocol):
    """Is told what happens to trials, with all that the ledger knows of them at that moment."""

    def started(self, record: TrialRecord) -> None:
        """A trial was handed out."""

    def advanced(self, record: TrialRecord) -> None:
        """A trial has another epoch."""

    def ended(self, record: TrialRecord) -> None:
        """A trial has its verdict."""


@dataclass
class Budget:
    """How much may be spent: trials in all (complete + pruned + failed), and seconds from now."""

    trials: float = math.inf
    seconds: float = math.inf
    clock: Callable[[], float] = time.monotonic
    closed: str = ""
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def out_of_time(self) -> bool:
        """Whether the time is up."""
        return self.clock() - self.began >= self.seconds

    def allows(self, trials: int) -> bool:
        """Whether another trial may be drawn when there are so many already."""
        return not self.closed and trials < self.trials and not self.out_of_time


@dataclass
class Live:
    """A trial that an executor is working on."""

    ledger: Ledger
    trial: optuna.Trial
    config: Config
    cost: Cost | None
    curve: list[EpochMetrics]
    named: bool


@dataclass
class TrialQueue:
    """Hands out the trials of one study and its references, and writes what becomes of them."""

    space: SearchSpace
    main: Ledger
    references: Ledger
    drawer: Drawer
    rule: StoppingRule
    make_job: Callable[[Ledger, Draw], TrialJob]
    budget: Budget = field(default_factory=Budget)
    listeners: Sequence[Listener] = ()
    run_id: Callable[[TrialRecord], str | None] = lambda record: None
    stop_baselines: bool = False
    live: dict[Key, Live] = field(default_factory=dict)
    counted: int = 0
    _adopted: list[tuple[Ledger, Draw]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Adopt what another driver left RUNNING, and let the stopping rule know all curves."""
        for ledger in (self.main, self.references):
            for trial in ledger.running():
                ledger.settle(trial)
        verdicts = self.main.verdicts()
        self.counted = sum(count for verdict, count in verdicts.items() if verdict.counts)
        for frozen in self.main.stream() if self.rule.active else ():
            for point in curve_of(frozen):
                self.rule.stops(frozen.number, point)
            if frozen.state.is_finished():
                self.rule.ended(frozen.number, verdict_of(frozen) == Verdict.COMPLETE)
        for trial in self.main.running():
            draw = self.drawer.resolve(trial)
            if draw is not None:
                self._adopted.append((self.main, draw))
        for trial in self.references.running():
            self._adopted.append((self.references, self._reference(trial)))

    def take(self) -> TrialJob | Empty:
        """The next job: adopted trials first, then draws within the budget, then the references."""
        if self.budget.out_of_time:
            return Empty.DONE
        if self._adopted:
            return self._begin(*self._adopted.pop(0))
        if self.budget.allows(self.counted + self._live_draws()):
            try:
                return self._begin(self.main, self.drawer.draw())
            except NothingLeft as reason:
                self.budget.closed = str(reason)
        return self._take_reference()

    def report(self, key: Key, point: EpochMetrics) -> bool:
        """Take in one epoch of a live trial. Returns whether the trial shall go on.

        A point that is known already (a resumed trial tells its history again) changes nothing.
        """
        live = self.live.get(key)
        if live is None:
            return False
        if point.epoch <= len(live.curve):
            return True
        live.curve.append(point)
        with live.ledger.together():  # a driver that died in between would let a hopeless trial go on
            live.ledger.add_epoch(live.trial, live.curve)
            hopeless = live.ledger is self.main and self.rule.stops(live.trial.number, point)
            stopped = hopeless and (self.stop_baselines or not live.named)
            if stopped:
                live.ledger.prune(live.trial, point.epoch, self.space.epochs_of(live.config))
        if stopped:
            self._close(key, complete=False)
            return False
        live.ledger.note_run(live.trial, self.run_id(self._tell("advanced", live)))
        if self.budget.out_of_time and point.epoch < self.space.epochs_of(live.config):
            del self.live[key]  # stays RUNNING in the ledger: the next driver adopts it
            return False
        return True

    def finish(self, key: Key, outcome: TrialResult | TrialFailure | Unfinished) -> None:
        """Take in how a live trial ended; one that has been stopped before is left as it is.

        Raises:
            DiskFull: it is unfinished: it stays RUNNING in the ledger, and the search has to stop.
        """
        live = self.live.get(key)
        if live is None:
            return
        if isinstance(outcome, Unfinished):
            del self.live[key]
            raise DiskFull(outcome.cause)
        if isinstance(outcome, TrialResult):
            values = objective_values(live.ledger.objectives, outcome.metrics, live.cost)
            if isinstance(values, TrialFailure):
                outcome = values
            else:
                live.ledger.complete(live.trial, outcome, values)
        if isinstance(outcome, TrialFailure):
            live.ledger.fail(live.trial, outcome)
        self._close(key, complete=isinstance(outcome, TrialResult))

    def lose(self, key: Key, failure: TrialFailure, again: bool = True) -> None:
        """Take in that the worker of a live trial died: it is served again, from its checkpoint, but not for ever."""
        live = self.live.get(key)
        if live is None:
            return
        deaths = live.ledger.note_death(live.trial, failure.cause)
        if again and deaths < ATTEMPTS:
            self.serve_again(key)
            return
        often = f"the worker process died {deaths} times: " if again else ""
        self.finish(key, TrialFailure(often + failure.cause, failure.traceback))

    def serve_again(self, *keys: Key) -> None:
        """Hand out live trials once more, from their checkpoints: whoever had them is gone."""
        for key in keys:
            live = self.live.pop(key)
            self._adopted.append((live.ledger, Draw(live.trial, live.config, live.cost)))

    def _begin(self, ledger: Ledger, draw: Draw) -> TrialJob:
        ledger.begin(draw.trial, draw.config, draw.cost)
        record = ledger.record(draw.trial)
        named = bool(record.baseline or record.reference)
        live = Live(ledger, draw.trial, draw.config, draw.cost, list(record.curve), named)
        self.live[(ledger.name, draw.trial.number)] = live
        self._tell("started", live)
        return self.make_job(ledger, draw)

    def _take_reference(self) -> TrialJob | Empty:
        """References come once all baselines have run."""
        if not self.references.waiting() or self.main.waiting():
            return Empty.DONE
        if any(live.named and live.ledger is self.main for live in self.live.values()):
            return Empty.WAIT
        trial = self.references.study.ask()
        return self._begin(self.references, self._reference(trial))

    def _reference(self, trial: optuna.Trial) -> Draw:
        known = attributes_of(trial)
        config = self.space.references.get(known["reference"])
        if config is None or config_hash(config) != known["hash"]:  # changed since it was queued
            config = from_dict(type(self.space.template), known["config"])
        return Draw(trial, config, self.drawer.measure(config))

    def _live_draws(self) -> int:
        return sum(live.ledger is self.main for live in self.live.values()) + sum(
            ledger is self.main for ledger, _ in self._adopted
        )

    def _close(self, key: Key, complete: bool) -> None:
        live = self.live.pop(key)
        if live.ledger is self.main:
            self.rule.ended(live.trial.number, complete)
            self.counted += 1
        self._tell("ended", live)

    def _tell(self, what: Literal["started", "advanced", "ended"], live: Live) -> TrialRecord:
        record = live.ledger.record(live.trial)
        for listener in self.listeners:
            getattr(listener, what)(record)
        return record
