"""Runs a command for as long as whoever started this lives: `python -I keeper.py COMMAND...`, a pipe as its input.

When the pipe closes, because its holder closed it or died in whatever way, the command and all its children are ended.
It must lead its own process group. Run as a file: it needs the standard library only.
"""

import os
import signal
import subprocess
import sys
import threading
import time

_GRACE_SECONDS = 3.0


def main() -> None:
    """Start the command; end it, and the whole process group, when the input ends or the command does."""
    for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: None)  # the end comes through the pipe, for all at once
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    while os.read(sys.stdin.fileno(), 1024):
        pass
    _end_group(child)


def _watch(child: "subprocess.Popen[bytes]") -> None:
    child.wait()
    _end_group(child)


def _end_group(child: "subprocess.Popen[bytes]") -> None:
    """Ask every process of the group to end, then end them, this one with them."""
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
