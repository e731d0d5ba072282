"""Views of a running search without bars: nothing, JSON lines for machines, plain lines."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from rich.console import Console

from nas.report import words
from nas.report.export import jsonable
from nas.report.progress import Progress, ending, of_total, standing, title
from nas.report.row import RUNNING
from nas.search.ledger import Ledger
from nas.tracking.record import TrialRecord

SECONDS_BETWEEN_EPOCH_LINES = 10.0


class QuietView:
    """Shows nothing; the base of the others. A `nas.search.run.View`, entered before the search and left after it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Put the terminal back."""

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """Show nothing."""

    def started(self, record: TrialRecord) -> None:
        """Show nothing."""

    def advanced(self, record: TrialRecord) -> None:
        """Show nothing."""

    def ended(self, record: TrialRecord) -> None:
        """Show nothing."""


class JsonView(QuietView):
    """A JSON object a line for each event: opened, started, advanced (the newest epoch) and ended."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """Tell the study's name and budget."""
        self._write("opened", study=ledger.name, trials=trials, warnings=list(warnings))

    def started(self, record: TrialRecord) -> None:
        """Tell the trial's names, size and config."""
        params = record.cost.params if record.cost else None
        self._tell("started", record, baseline=record.baseline, params=params, config=record.config)

    def advanced(self, record: TrialRecord) -> None:
        """Tell the newest epoch."""
        if record.curve:
            self._tell("advanced", record, epoch=record.curve[-1].epoch, **record.curve[-1].values)

    def ended(self, record: TrialRecord) -> None:
        """Tell the verdict and the final figures."""
        state = record.verdict.value if record.verdict else RUNNING
        self._tell("ended", record, state=state, cause=record.cause, metrics=record.metrics)

    def _tell(self, event: str, record: TrialRecord, **facts: Any) -> None:
        number = record.number if record.reference is None else None
        self._write(event, number=number, reference=record.reference, **facts)

    def _write(self, event: str, **facts: Any) -> None:
        line = json.dumps(jsonable({"event": event, **facts}), ensure_ascii=False, allow_nan=False)
        self.console.out(line, highlight=False)


class LinesView(QuietView):
    """A line when a trial starts and when it ends, and between them one for an epoch, at most every ten seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self.clock = clock
        self.progress = Progress(clock=clock)
        self.told = clock()

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """Say what is going to be done."""
        self.progress.open(ledger, trials)
        for warning in warnings:
            self._say(f"warning: {warning}")
        self._say(f"{ledger.name}: {of_total(self.progress)} trials done")

    def started(self, record: TrialRecord) -> None:
        """Say which config starts."""
        self.progress.take(record)
        facts = [words.amount(record.cost.params) + " params" if record.cost else ""]
        facts += [self.progress.code(record)]
        known = len(record.curve)  # more, perhaps, than its newest checkpoint holds
        facts += [f"goes on, {known} {'epoch' if known == 1 else 'epochs'} known" if known else ""]
        self._say(f"{title(record)}: started, {', '.join(filter(None, facts))}")

    def advanced(self, record: TrialRecord) -> None:
        """Say how far a trial is, unless something was said of an epoch shortly before."""
        self.progress.take(record)
        if self.clock() - self.told < SECONDS_BETWEEN_EPOCH_LINES:
            return
        self.told = self.clock()
        self._say(f"{title(record)}: {standing(record, self.progress)}")

    def ended(self, record: TrialRecord) -> None:
        """Say how it ended and how the study stands."""
        self.progress.take(record)
        line = ending(record, self.progress)
        if record.reference is None:
            left = self.progress.seconds_left()
            facts = [f"{of_total(self.progress)} done", self.progress.line_of_best()]
            facts += [f"about {words.duration(left)} left" if left else ""]
            line = f"{line}; {', '.join(filter(None, facts))}"
        self._say(line)

    def _say(self, line: str) -> None:
        self.console.out(line, highlight=False)
