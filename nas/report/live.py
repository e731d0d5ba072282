"""The view of a running search: bars on a terminal; elsewhere, and when asked for, one of the plainer ones."""

import time
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Self

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from nas.records import Verdict
from nas.report import words
from nas.report.progress import Progress, ending, of_total, share_done, standing, title
from nas.report.views import JsonView, LinesView, QuietView
from nas.search.ledger import Ledger
from nas.tracking.record import TrialRecord

REFRESHES_PER_SECOND = 4
_NARROW = 72
"""Below so many columns the words beside a bar are cut short."""
_OTHER_LINES = 4


def search_view(console: Console, quiet: bool = False, as_json: bool = False) -> QuietView:
    """The view that fits, a context manager: JSON lines, nothing, bars on a terminal, else plain lines."""
    if as_json:
        return JsonView(console)
    if quiet:
        return QuietView()
    return BarsView(console) if console.is_terminal and not console.is_dumb_terminal else LinesView(console)


class BarsView(QuietView):
    """A bar for the study and one for each running trial; trials that have ended scroll up as lines.

    The bars are taken away when the view is left, however it is left.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self.progress = Progress(clock=clock)
        self.lock = RLock()
        self.spinner = Spinner("dots", "reading the data, starting the workers")
        self.live = Live(self, console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """Show the study's bar."""
        with self.lock:
            self.progress.open(ledger, trials)
        for warning in warnings:
            self.console.print(Text(f"warning: {warning}", style="yellow"))

    def started(self, record: TrialRecord) -> None:
        """Show a bar for the trial."""
        with self.lock:
            self.progress.take(record)

    def advanced(self, record: TrialRecord) -> None:
        """Move its bar."""
        with self.lock:
            self.progress.take(record)

    def ended(self, record: TrialRecord) -> None:
        """Put a line in the place of its bar."""
        with self.lock:
            self.progress.take(record)
            style = {Verdict.FAILED: "red", Verdict.PRUNED: "dim"}.get(record.verdict or Verdict.COMPLETE, "")
            line = Text(ending(record, self.progress), style=style)
        self.console.print(line)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Called by `Live` several times a second, from a thread of its own."""
        with self.lock:
            if not self.progress.study:
                yield self.spinner
                return
            yield from self._bars(options.max_width, max(1, console.height - _OTHER_LINES))

    def _bars(self, width: int, most: int) -> Iterator[RenderableType]:
        progress = self.progress
        left = progress.seconds_left()
        facts = [progress.line_of_best(), f"about {words.duration(left)} left" if left else ""]
        running = list(progress.running.values())
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(8, width * 2 // 5))
        table.add_column(ratio=1, min_width=4)
        table.add_column(no_wrap=True, overflow="ellipsis")
        share = progress.done / progress.total if progress.total else 1.0
        table.add_row(Text(progress.study, style="bold"), _bar(share), Text(f"{of_total(progress)} trials"))
        for record in running[:most]:
            short = title(record).partition(",")[0] if width < _NARROW else title(record)
            table.add_row(Text(short), _bar(share_done(record)), Text(standing(record, progress, width < _NARROW)))
        yield table
        if len(running) > most:
            yield Text(f"and {len(running) - most} more running", style="dim")
        yield Text(", ".join(filter(None, facts)), no_wrap=True, overflow="ellipsis")


def _bar(share: float) -> ProgressBar:
    return ProgressBar(total=1.0, completed=min(1.0, share))
