"""A limit on how long a piece of Python may run in this thread."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_TICK = 0.2


class TooLong(BaseException):
    """The time is up. No `Exception`, so that a handler for those does not swallow it. seconds: the limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"still running after {seconds:g} s")
        self.seconds = seconds


@contextmanager
def time_limit(seconds: float, excused: Callable[[FrameType | None], bool]) -> Iterator[None]:
    """Raise `TooLong` in the body once it has run so long; ten times as long while `excused(frame)` holds.

    Only the main thread can be interrupted; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ticks_left = int(9 * seconds / _TICK)

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal ticks_left
        ticks_left -= 1
        if ticks_left < 0 or not excused(frame):
            raise TooLong(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
