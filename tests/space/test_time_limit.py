"""The limit on a space file's time: what ends it, whom it does not concern, and that nothing of it is left."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from nas.space.last_resort import last_resort
from nas.space.time_limit import TooLong, time_limit

LIMITED = """
import hashlib, os, threading, time
from nas.space.last_resort import last_resort

def burn():
    began = time.thread_time()
    while time.thread_time() - began < 0.4:
        hashlib.sha256(bytes(10**6))

with last_resort("lost", 7) as allow:
    allow(0.1)
    {body}
{after}
print("done")
"""


def limited(body: str, after: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that runs the body with a tenth of a second to spend."""
    code = [sys.executable, "-c", LIMITED.format(body=body, after=after)]
    done = subprocess.run(code, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def caught() -> int:
    """The signals that the process has handlers for, as the system sees it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("SigCgt:")[2].split()[0], 16)


def timers() -> str:
    return Path("/proc/self/timers").read_text(encoding="ascii")


def forever(limit: float) -> Iterator[int]:
    with time_limit(limit, lambda frame: False, "lost", 7):
        yield from count()


def test_a_body_lost_in_compiled_code_ends_the_process() -> None:
    assert limited("sum(range(10**12))") == (7, "", "lost\n")


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(0.3)",
        "other = threading.Thread(target=burn); other.start(); other.join()",
        "child = os.fork(); child or (burn(), os._exit(3)); assert os.waitstatus_to_exitcode(os.wait()[1]) == 3",
    ],
    ids=["asleep", "another thread", "another process"],
)
def test_only_this_thread_uses_up_the_time(body: str) -> None:
    assert limited(body) == (0, "done\n", "")


def test_what_comes_after_the_body_has_no_limit() -> None:
    assert limited("pass", after="burn()") == (0, "done\n", "")


def test_more_may_be_allowed() -> None:
    assert limited("allow(50); burn()") == (0, "done\n", "")


def test_nothing_is_left() -> None:
    before = caught(), timers(), signal.getsignal(signal.SIGALRM)
    bit = 1 << (signal.SIGPROF - 1)
    with time_limit(50, lambda frame: False, "lost", 7):
        assert caught() & bit
        assert timers()
    assert (caught(), timers(), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert not caught() & bit
    with pytest.raises(TooLong):
        for _ in forever(0.01):
            pass
    assert (caught(), timers(), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_profiler_keeps_its_handler() -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGPROF, lambda number, frame: calls.append(number))
    try:
        with last_resort("lost", 7) as allow:
            allow(50)
        signal.raise_signal(signal.SIGPROF)
    finally:
        signal.signal(signal.SIGPROF, before)
    assert calls == [signal.SIGPROF]
