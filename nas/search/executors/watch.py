"""A dead Ray must not hang the driver: a thread looks after it, and breaks the main thread out of its hands.

Where Ray's daemon dies, calls of Ray wait for it for minutes, or for ever. They look for signals every second, so that
is how the main thread is reached: the handler raises `RayDied`, again and again until it has come through, for compiled
parts of Ray turn it into errors of their own.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from nas.search.executors.resources import ResourceError

LOOK_SECONDS = 0.25
SECONDS_TO_RETURN = 50.0
"""After so long a driver that has not come back from a dead Ray ends at once: its ledger is whole at any moment."""
RESOURCES = 4
"""The exit code of a `ResourceError`."""


class RayDied(BaseException):
    """Raised in the main thread. Not an `Exception`: Tune takes those for a trial's."""


class Watch:
    """Looks after Ray while the main thread is in its hands. trouble: says why it is dead, empty while it is not."""

    def __init__(self, trouble: Callable[[], str]) -> None:
        self.trouble = trouble
        self.cause = ""
        self._shields = 0
        self._inside = False
        self._done = threading.Event()

    @contextmanager
    def breaking_out(self) -> Iterator[None]:
        """While inside, a dead Ray ends the block with `RayDied`, or with any other error: `cause` tells.

        Only the main thread may call this. Where the block and what follows last too long, the process ends.
        """
        signal.signal(signal.SIGUSR2, self._handle)  # for good: one that is on its way must not end the process
        threading.Thread(target=self._watch, name="ray-watch", daemon=True).start()
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    @contextmanager
    def shield(self) -> Iterator[None]:
        """What is inside is not broken off: the ledger is being written, say."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def look(self) -> str:
        """Why Ray is dead, as of now; empty while it is not."""
        self.cause = self.cause or self.trouble()
        return self.cause

    def back(self) -> None:
        """The main thread is back, and has another Ray or none."""
        self._done.set()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.cause and self._inside and not self._shields:
            raise RayDied(self.cause)

    def _watch(self) -> None:
        while not self.look():
            if self._done.wait(LOOK_SECONDS):
                return
        deadline = time.monotonic() + SECONDS_TO_RETURN
        while not self._done.wait(LOOK_SECONDS):
            if self._inside:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR2)
            if time.monotonic() > deadline:
                _exit_at_once(self.cause)


def too_often(cause: str, why: str) -> ResourceError:
    """The error that ends a search without its Ray: the study stays resumable."""
    return ResourceError(f"Ray: {cause}, and {why}; the same command goes on with the study")


def _exit_at_once(cause: str) -> None:
    line = f"nas: error: {too_often(cause, 'this process does not come back from it')}\n"
    sys.stdout.flush()
    os.write(2, line.encode())
    os._exit(RESOURCES)
