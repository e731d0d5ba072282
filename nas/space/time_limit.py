"""A limit on how long a piece of Python may run in this thread."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from nas.space import last_resort

_TICK = 0.2
_GRACE = 1.0
"""Seconds that one call of compiled code may take beyond the limit before the process is ended."""
_LENIENT = 10
"""How many times as long it may take while it is excused."""
_OWN = {__file__, last_resort.__file__, contextlib.__file__}
"""Modules whose code is not to be interrupted: what sets and takes away the limit, or ends the process."""


class TooLong(BaseException):
    """The time is up. No `Exception`, so that a handler for those does not swallow it. seconds: the limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"still running after {seconds:g} s")
        self.seconds = seconds


@contextlib.contextmanager
def time_limit(seconds: float, excused: Callable[[FrameType | None], bool], line: str, code: int) -> Iterator[None]:
    """Raise `TooLong` in the body once it has run so long; ten times as long while `excused(frame)` holds.

    A body that is lost in compiled code cannot be raised in: the process says `line` and ends with the exit code.
    Only the main thread can be interrupted; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ticks_left = int((_LENIENT - 1) * seconds / _TICK)

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal ticks_left
        if frame is not None and frame.f_code.co_filename in _OWN:
            return
        ticks_left -= 1
        if ticks_left < 0 or not excused(frame):
            raise TooLong(seconds)
        allow(_LENIENT * seconds)

    before = signal.signal(signal.SIGALRM, ring)
    with last_resort.last_resort(line, code) as allow:
        allow(seconds + _GRACE)
        signal.setitimer(signal.ITIMER_REAL, seconds, _TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
