"""A dying process leaves its last words; a hanging one is ended. In processes of their own, for they die."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

DYING = """
import ctypes, os, sys, time
from pathlib import Path
from nas.job import TrialJob
from nas.records import DataPlace
from nas.search.executors.last_words import last_words

folder = Path(sys.argv[1])
job = TrialJob("toy", 3, None, 4, folder, folder, DataPlace(folder, folder), timeout=float(sys.argv[3]))

def fault(timer):
    if sys.argv[2] == "segfault":
        ctypes.string_at(0)
    if sys.argv[2] == "hang":
        ctypes.PyDLL(None).sleep(60)
    if sys.argv[2] == "wait":
        with timer.stopped():
            time.sleep(1.5)
    if sys.argv[2] == "work":
        time.sleep(0.7)
        with timer.stopped():
            pass
        time.sleep(0.7)

with last_words(job) as timer:
    fault(timer)
time.sleep(1.2)
print("alive")
"""


def die(folder: Path, how: str, timeout: float) -> tuple[int, str, float]:
    began = time.monotonic()
    command = [sys.executable, "-c", DYING, str(folder / "deep" / "er"), how, str(timeout)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    file = folder / "deep" / "er" / "fault.txt"
    return (
        done.returncode,
        file.read_text(encoding="utf-8") if file.is_file() else done.stdout,
        time.monotonic() - began,
    )


@pytest.mark.parametrize("timeout", [1, 1e300])
def test_a_fatal_signal_leaves_its_place(tmp_path: Path, timeout: float) -> None:
    code, words, _ = die(tmp_path, "segfault", timeout)
    assert code == -11
    assert words.startswith("Fatal Python error: Segmentation fault")
    assert "in fault" in words


def test_a_trial_that_holds_pythons_lock_is_ended(tmp_path: Path) -> None:
    code, words, seconds = die(tmp_path, "hang", 1)
    assert code == 1
    assert words.startswith("Timeout (0:00:01)!")
    assert seconds < 30


@pytest.mark.parametrize("how", ["wait", "nothing"])
def test_what_it_waits_for_others_and_what_comes_after_does_not_count(tmp_path: Path, how: str) -> None:
    code, words, _ = die(tmp_path, how, 1)
    assert (code, words) == (0, "")


def test_pauses_do_not_start_the_clock_anew(tmp_path: Path) -> None:
    assert die(tmp_path, "work", 1)[0] == 1
