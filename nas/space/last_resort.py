"""Ending a process that is lost in compiled code, where Python calls no handler and no other thread of it."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
_LIBC = ctypes.CDLL(None)
_THREAD_CPUTIME, _TO_THREAD = 3, 4
"""Linux: the clock of the thread that asks for it, and that a signal goes to one thread."""
_leave = os._exit


class _Event(ctypes.Structure):
    """C's `sigevent`."""

    _fields_ = (
        ("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("notify", ctypes.c_int), ("thread", ctypes.c_int),
        ("rest", ctypes.c_int * 16),
    )  # fmt: skip


class _Setting(ctypes.Structure):
    """C's `itimerspec`."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "value_s", "value_ns"))


@contextmanager
def last_resort(line: str, code: int) -> Iterator[Callable[[float], None]]:
    """Yields a function that sets, or sets anew, how many seconds of the processor this thread may still take.

    When they are over the process says `line` on stderr and ends with the exit code. For a main thread that takes no
    signal any more: what it was about is not brought to an end. Other threads and processes have no part in it, and
    nothing of it is left after the body.
    """

    def end(signum: int) -> None:  # C calls it in the midst of anything: there is no way back from here
        os.write(2, f"{line}\n".encode())
        _leave(code)

    handler = _HANDLER(end)
    set_handler = _LIBC.signal
    set_handler.argtypes, set_handler.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    before = set_handler(signal.SIGPROF, ctypes.cast(handler, ctypes.c_void_p))
    try:
        with _timer() as allow:
            yield allow
    finally:
        set_handler(signal.SIGPROF, before)


@contextmanager
def _timer() -> Iterator[Callable[[float], None]]:
    """Yields a function that has SIGPROF sent to this thread after so many of its seconds, 0 for never.

    Elsewhere than on Linux, and where the system has no timer to give, it does nothing.
    """
    timer = ctypes.c_void_p()
    event = _Event(signal=signal.SIGPROF, notify=_TO_THREAD, thread=threading.get_native_id())
    if sys.platform != "linux" or _LIBC.timer_create(_THREAD_CPUTIME, ctypes.byref(event), ctypes.byref(timer)):
        yield lambda seconds: None
        return

    def set_timer(seconds: float) -> None:
        whole, rest = divmod(seconds, 1)
        _LIBC.timer_settime(timer, 0, ctypes.byref(_Setting(0, 0, int(whole), int(rest * 1e9))), None)

    try:
        yield set_timer
    finally:
        _LIBC.timer_delete(timer)
