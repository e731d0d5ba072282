"""What a worker process leaves behind when it cannot raise an error any more, and the end of a trial that hangs.

Both by faulthandler, which needs no lock of Python's: a trial may hang in compiled code and hold them all.
"""

import faulthandler
import io
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from nas.job import TrialJob


class Timer:
    """Ends this process once a trial has taken its `seconds`, with its stacks written to `file`; None: never.

    What a trial waits for others does not count: see `stopped`.
    """

    def __init__(self, seconds: float | None, file: TextIO) -> None:
        self._left = seconds
        self._file = file
        self._began = 0.0

    def go(self) -> None:
        """Start, or go on."""
        if self._left is not None:
            self._began = time.monotonic()
            left = min(max(self._left, 0.001), threading.TIMEOUT_MAX)
            faulthandler.dump_traceback_later(left, exit=True, file=self._file)

    def stop(self) -> None:
        """Stop the clock."""
        if self._left is not None:
            faulthandler.cancel_dump_traceback_later()
            self._left -= time.monotonic() - self._began

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """While inside, the clock does not run."""
        self.stop()
        try:
            yield
        finally:
            self.go()


@contextmanager
def last_words(job: TrialJob) -> Iterator[Timer]:
    """While inside, a fatal signal leaves its name and the stacks in `job.fault`, and the job's timer runs."""
    with _open(job) as file:
        faulthandler.disable()  # or it would not be put before the handlers that Ray has installed since
        faulthandler.enable(file)
        timer = Timer(job.timeout, file)
        timer.go()
        try:
            yield timer
        finally:
            timer.stop()
            faulthandler.disable()
            with suppress(io.UnsupportedOperation):  # a stderr that is no file
                faulthandler.enable(sys.__stderr__ or sys.stderr)


@contextmanager
def _open(job: TrialJob) -> Iterator[TextIO]:
    """The file; stderr where it cannot be had, for that is no reason to fail."""
    try:
        job.fault.parent.mkdir(parents=True, exist_ok=True)
        file = job.fault.open("w", encoding="utf-8")
    except OSError:
        yield sys.stderr
        return
    with file:
        yield file
