"""Ctrl-C and SIGTERM: the first ends the work in good order, the second at once. Both leave a study that resumes."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, raised in the main thread."""


@dataclass
class Received:
    """The first signal that came, if any."""

    signal: int = 0

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 where none came."""
        return 128 + self.signal if self.signal else 0


@contextmanager
def interruptible() -> Iterator[Received]:
    """Turn Ctrl-C and SIGTERM into `Interrupted`; while that is being handled, a second one ends the process at once.

    Only the main thread may call this.
    """
    received = Received()

    def handle(number: int, frame: FrameType | None) -> None:
        if not received.signal:
            received.signal = number
            raise Interrupted

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        with _watched():
            yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watched() -> Iterator[None]:
    """A thread that ends the process at the second signal: a handler in Python has to wait for as long as the main
    thread is inside a library, which may be seconds while workers are shut down.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    watcher = threading.Thread(target=_watch, args=(reading,), name="second signal", daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _watch(reading: int) -> None:
    """Read the numbers of the signals that come, until the other end is closed."""
    count = 0
    while received := os.read(reading, 1):
        count += received[0] in SIGNALS
        if count == 2:
            _exit_at_once(received[0])


def _exit_at_once(number: int) -> None:
    """Without any clean-up: what is stored is whole at any moment."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            os.write(stream.fileno(), _SHOW_CURSOR)
    os.write(2, b"nas: ended at once; the same command goes on with the study\n")
    os._exit(128 + number)
