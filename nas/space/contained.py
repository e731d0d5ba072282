"""What a space file may not do to the process that reads it."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, NoReturn, TextIO


@contextmanager
def contained() -> Iterator[None]:
    """Undo in the end what the body does to the process: another folder, other streams, a deeper recursion.

    What it prints goes to stderr, which it cannot close. Threads that it starts do not keep the process from ending, an
    exit past Python's own is one that can be told, and a copy of the process that it makes by `fork` ends here.
    """
    process, depth = os.getpid(), sys.getrecursionlimit()
    try:
        kept: Any = _KeptOpen(sys.stderr)
        with warnings.catch_warnings(), chdir("."), redirect_stdout(kept), redirect_stderr(kept):
            warnings.filterwarnings("ignore", "Field name .* shadows an attribute", UserWarning)
            with _daemons(), _told_exits(process):
                yield
    finally:
        if os.getpid() != process:
            os._exit(0)
        sys.setrecursionlimit(depth)


class _KeptOpen:
    """A stream that is nas's too: closing it closes nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Only what was written goes out."""
        self._stream.flush()


@contextmanager
def _daemons() -> Iterator[None]:
    start = threading.Thread.start

    def start_daemon(thread: threading.Thread) -> None:
        thread.daemon = True
        start(thread)

    threading.Thread.start = start_daemon  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


@contextmanager
def _told_exits(process: int) -> Iterator[None]:
    leave = os._exit

    def leave_by_name(code: int) -> NoReturn:
        if os.getpid() != process:
            leave(code)
        raise SystemExit(code)

    os._exit = leave_by_name  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave
