"""The main thread comes back from whatever it was in when Ray is dead, but not from the middle of a write."""

import subprocess
import sys
import time

import pytest

from nas.search.executors import watch as watching
from nas.search.executors.watch import RayDied, Watch


class Ray:
    def __init__(self) -> None:
        self.dies = time.monotonic() + 0.1

    def trouble(self) -> str:
        return "its raylet ended" if time.monotonic() > self.dies else ""


def test_a_dead_ray_breaks_the_main_thread_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    watch = Watch(Ray().trouble)
    began = time.monotonic()
    with pytest.raises(RayDied), watch.breaking_out():
        time.sleep(60)
    watch.back()
    assert time.monotonic() - began < 30
    assert watch.cause == "its raylet ended"


def test_again_and_again_until_it_has_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    watch, swallowed = Watch(Ray().trouble), 0
    with pytest.raises(RayDied), watch.breaking_out():  # noqa: PT012
        while swallowed < 2:
            try:
                time.sleep(60)
            except RayDied:
                swallowed += 1
        time.sleep(60)
    watch.back()


def test_what_is_shielded_ends_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    watch, done = Watch(Ray().trouble), []
    with pytest.raises(RayDied), watch.breaking_out():  # noqa: PT012
        with watch.shield():
            time.sleep(0.3)
            assert watch.cause
            done.append("written")
        time.sleep(60)
    watch.back()
    assert done == ["written"]


def test_while_ray_lives_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    watch = Watch(lambda: "")
    with watch.breaking_out():
        time.sleep(0.1)
    watch.back()
    assert watch.look() == ""


STUCK = """
import time
from nas.search.executors import watch as watching
watching.LOOK_SECONDS, watching.SECONDS_TO_RETURN = 0.01, 0.2
watch = watching.Watch(lambda: "its raylet ended")
try:
    with watch.breaking_out():
        time.sleep(60)
except watching.RayDied:
    time.sleep(60)
"""


def test_a_driver_that_does_not_come_back_ends_resumable_with_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 4
    assert done.stderr == (
        "nas: error: Ray: its raylet ended, and this process does not come back from it; "
        "the same command goes on with the study\n"
    )
