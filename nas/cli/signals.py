"""Ctrl-C, SIGTERM and a closed terminal: the first signal ends the work in good order, another one at once. All leave a
study that resumes.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHOW_CURSOR = b"\x1b[?25h"
_leave = os._exit  # a space file that is being read finds another there


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or a closed terminal, raised in the main thread."""


@dataclass
class Received:
    """The first signal that came, if any."""

    signal: int = 0

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 129 after the terminal was closed, 0 where none came."""
        return 128 + self.signal if self.signal else 0


@contextmanager
def interruptible() -> Iterator[Received]:
    """Turn the signals into `Interrupted`; while that is being handled, a second one ends the process at once.

    SIGHUP stays ignored where it is (`nohup`), and is never the second one: a terminal that is closed sends several.
    Only the main thread may call this.
    """
    received = Received()
    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]  # once it is closed, it is none

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _silence(terminals)
        if not received.signal:
            received.signal = number
            raise Interrupted

    wanted = [number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in wanted}
    try:
        with _watched():
            yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silence(terminals: list[int]) -> None:
    """What is written to a closed terminal is an error, and would be taken for one of the search."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


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
        if received[0] in SIGNALS and not (count and received[0] == signal.SIGHUP):
            count += 1
        if count == 2:
            _exit_at_once(received[0])


def _exit_at_once(number: int) -> None:
    """Without any clean-up: what is stored is whole at any moment."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            os.write(stream.fileno(), _SHOW_CURSOR)
    os.write(2, b"nas: ended at once; the same command goes on with the study\n")
    _leave(128 + number)
