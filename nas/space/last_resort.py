"""Ending a process that is lost in compiled code, where Python calls no handler and no other thread of it."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
_leave = os._exit


def is_ending(frame: FrameType | None) -> bool:
    """Whether the process is being ended there: Python's own handlers get their turn once more before it is."""
    return frame is not None and frame.f_code.co_filename == __file__


@contextmanager
def last_resort(line: str, code: int) -> Iterator[Callable[[float], None]]:
    """Yields a function that sets, or sets anew, how many seconds of the processor the body may still take.

    When they are over the process says `line` on stderr and ends with the exit code. For a main thread that takes no
    signal any more: what it was about is not brought to an end.
    """

    def end(signum: int) -> None:  # C calls it in the midst of anything: there is no way back from here
        os.write(2, f"{line}\n".encode())
        _leave(code)

    handler, before = _HANDLER(end), signal.getsignal(signal.SIGPROF)
    set_handler = ctypes.CDLL(None).signal
    set_handler.argtypes, set_handler.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    set_handler(signal.SIGPROF, ctypes.cast(handler, ctypes.c_void_p))
    try:
        yield lambda seconds: _set_timer(seconds)
    finally:
        _set_timer(0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL if before is None else before)


def _set_timer(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
