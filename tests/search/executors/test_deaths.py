"""What a worker died of, by its last words and by Ray's."""

from pathlib import Path

import pytest

from nas.job import TrialJob
from nas.records import DataPlace
from nas.search.executors.deaths import Death, death_of, kernel_kills
from tests.search.conftest import Toy

KILLED = "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: "
SILENT = KILLED + "Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include"
SEGFAULT = """Fatal Python error: Segmentation fault

Thread 0x00007f0000000001 (most recent call first):
  File "/home/ada/other.py", line 3 in elsewhere

Current thread 0x00007f0000000002 (most recent call first):
  File "{ctypes}", line 519 in string_at
  File "/home/ada/space.py", line 33 in forward
  File "/home/ada/nas/training/fit.py", line 9 in fit
"""
TIMEOUT = """Timeout (0:01:30)!
Thread 0x00007f0000000002 (most recent call first):
  File "/home/ada/space.py", line 40 in forward
"""


def die(tmp_path: Path, words: str | None, told: str, kernel: bool = False) -> Death:
    job = TrialJob("toy", 3, Toy(), 4, tmp_path, tmp_path, DataPlace(tmp_path, tmp_path), timeout=90)
    if words is not None:
        job.fault.write_text(words, encoding="utf-8")
    return death_of(job, told, kernel)


def test_a_fatal_signal_is_named_with_the_users_own_line(tmp_path: Path) -> None:
    import ctypes

    death = die(tmp_path, SEGFAULT.format(ctypes=ctypes.__file__), SILENT)
    assert death.failure.cause == "SIGSEGV, segmentation fault in forward, /home/ada/space.py:33"
    assert "string_at" in death.failure.traceback
    assert (death.again, death.counts) == (True, True)


def test_a_trial_that_timed_out_is_not_tried_again(tmp_path: Path) -> None:
    death = die(tmp_path, TIMEOUT, SILENT)
    assert death.failure.cause == "timed out after 90 s (--trial-timeout) in forward, /home/ada/space.py:40"
    assert not death.again


@pytest.mark.parametrize(
    ("told", "kernel", "cause", "counts"),
    [
        (SILENT, False, "SIGKILL, or it ended itself at once", True),
        (SILENT, True, "out of memory: the kernel ended it", True),
        ("ray.exceptions.OutOfMemoryError: ...", False, "out of memory: Ray ended it to keep the machine alive", True),
        (KILLED + "Worker exits with an exit code 1. The process receives a SIGTERM.", False, "SIGTERM", True),
        ("The actor died because its node has died. Node Id: 1", False, "its node died", False),
        ("first\nActorDiedError: strange\nsee the docs", False, "ActorDiedError: strange", True),
        ("", False, "no reason was given", True),
    ],
)
def test_without_last_words_ray_tells(tmp_path: Path, told: str, kernel: bool, cause: str, counts: bool) -> None:
    for words in (None, ""):
        death = die(tmp_path, words, told, kernel)
        assert death.failure.cause.startswith(cause)
        assert (death.again, death.counts) == (True, counts)


def test_the_kernels_count_can_be_read() -> None:
    assert kernel_kills() >= 0
