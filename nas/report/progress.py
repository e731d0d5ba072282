"""What a live view knows of a search while it runs: how far it is, what runs, the best so far."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

from nas.records import Verdict
from nas.report import words
from nas.report.row import STD
from nas.report.telling import Telling
from nas.search.ledger import Ledger
from nas.search.objectives import figures
from nas.space.search_space import Objective
from nas.tracking.record import TrialRecord

_USUAL = Objective("val_accuracy", "maximize")


@dataclass
class Progress:
    """How far a running search is. `total` and `done` count the trials of the study, without its references.

    began, ended_here: when this run of the driver began, and how many trials have ended since.
    """

    study: str = ""
    total: float = inf
    done: int = 0
    objective: Objective = _USUAL
    best: TrialRecord | None = None
    running: dict[str, TrialRecord] = field(default_factory=dict)
    telling: Telling = field(default_factory=Telling)
    clock: Callable[[], float] = time.monotonic
    began: float = 0.0
    ended_here: int = 0

    def open(self, ledger: Ledger, trials: float) -> None:
        """Take in what the ledger holds already."""
        self.study, self.total, self.objective = ledger.name, trials, ledger.objectives[0]
        self.done = sum(count for verdict, count in ledger.verdicts().items() if verdict.counts)
        for record in ledger.records():
            self._compare(record)
            self._name_holes(record)
        self.began = self.clock()

    def take(self, record: TrialRecord) -> None:
        """Take in a trial that has started, has advanced, or has ended."""
        self._name_holes(record)
        if record.verdict is None:
            self.running[record.uid] = record
            return
        self.running.pop(record.uid, None)
        if record.reference is None:
            self.done += 1
            self.ended_here += 1
            self._compare(record)

    def value(self, record: TrialRecord) -> float | None:
        """The first objective's value, before the end that of the newest epoch."""
        newest = record.curve[-1].values if record.curve else {}
        found = figures(record.metrics or newest, record.cost).get(self.objective.metric)
        return found if found is not None and isfinite(found) else None

    def seconds_left(self) -> float | None:
        """How long the rest takes at the pace so far, running trials counted by their share of epochs.

        None before there is a pace, where there is no end, and while references run, which come after the rest.
        """
        own = [record for record in self.running.values() if record.reference is None]
        worked = self.ended_here + sum(share_done(record) for record in own)
        remaining = self.total - self.done - sum(share_done(record) for record in own)
        if worked <= 0 or not isfinite(remaining) or len(own) < len(self.running):
            return None
        return max(0.0, remaining) * (self.clock() - self.began) / worked

    def line_of_best(self) -> str:
        """The best complete trial so far: its value and number."""
        if self.best is None:
            return ""
        return f"best {self.shown(self.best)} ({title(self.best)})"

    def shown(self, record: TrialRecord) -> str:
        """The first objective's value as text, with its sample deviation over several replicates."""
        metric = self.objective.metric
        return words.metric(metric, self.value(record), record.metrics.get(f"{metric}{STD}"))

    def code(self, record: TrialRecord) -> str:
        """The values of its holes in short; of a reference, which has none, those in their places."""
        return self.telling.holes_code(record.params) if record.params else self.telling.code(record.config)

    def _compare(self, record: TrialRecord) -> None:
        if record.verdict != Verdict.COMPLETE:
            return
        value, known = self.value(record), None if self.best is None else self.value(self.best)
        better = known is None or (value or 0) * self._sign > known * self._sign
        if value is not None and better:
            self.best = record

    def _name_holes(self, record: TrialRecord) -> None:
        if not record.params.keys() <= self.telling.words.keys():
            self.telling = Telling.of_paths(dict.fromkeys([*self.telling.words, *record.params]))

    @property
    def _sign(self) -> int:
        return 1 if self.objective.direction == "maximize" else -1


def title(record: TrialRecord) -> str:
    """`trial 12`, `trial 3, baseline 10`, `VGG19 (ref)`."""
    if record.reference is not None:
        return f"{record.reference} (ref)"
    return f"trial {record.number}" + (f", baseline {', '.join(record.baseline)}" if record.baseline else "")


def epochs_of(record: TrialRecord) -> int | None:
    """How many epochs the trial is given, where its config says so."""
    epochs = record.config.get("epochs")
    return epochs if isinstance(epochs, int) and epochs > 0 else None


def share_done(record: TrialRecord) -> float:
    """The share of the trial's epochs that it has done; 0 where their number is not known."""
    epochs = epochs_of(record)
    return min(1.0, len(record.curve) / epochs) if epochs else 0.0


def ending(record: TrialRecord, progress: Progress) -> str:
    """How a trial ended, in a line."""
    verdict = record.verdict.value if record.verdict else "running"
    seconds = record.metrics.get("seconds") or sum(point.values.get("seconds", 0.0) for point in record.curve)
    size = f"{words.amount(record.cost.params)} params" if record.cost else ""
    value = f"{progress.objective.metric.replace('_', ' ')} {progress.shown(record)}" if progress.shown(record) else ""
    facts: Sequence[str] = [value, size, words.duration(seconds)]
    if record.verdict != Verdict.COMPLETE:
        facts = [record.cause or "", size]
    return f"{title(record)}: {verdict}, {', '.join(filter(None, facts))}"


def of_total(progress: Progress) -> str:
    """`3 of 28`."""
    return f"{progress.done} of {progress.total:.0f}" if isfinite(progress.total) else str(progress.done)


def standing(record: TrialRecord, progress: Progress, brief: bool = False) -> str:
    """How far a running trial is: `epoch 3 of 8, val accuracy 0.8123`, or `3/8 0.8123`."""
    epochs, done, value = epochs_of(record), len(record.curve), progress.shown(record)
    if brief:
        return " ".join(filter(None, [f"{done}/{epochs}" if epochs else str(done), value]))
    how_far = f"epoch {done} of {epochs}" if epochs else f"epoch {done}"
    return f"{how_far}, {progress.objective.metric.replace('_', ' ')} {value}" if value else how_far
