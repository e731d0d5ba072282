"""Where the time of a run went, on events made up so that every second is known."""

from typing import Any

import pytest

from benchmarks.accounts import account
from benchmarks.processes import Run
from benchmarks.speed import ratios

IMAGES = 100


def trial(number: int, started: float, epochs: list[float], ended: float, state: str = "complete") -> list[Any]:
    """Two seconds an epoch, one and a half of them training."""
    return [
        {"event": "started", "number": number, "at": started},
        *({"event": "advanced", "number": number, "at": at, "seconds": 2.0, "images_per_second": IMAGES / 1.5}
          for at in epochs),
        {"event": "ended", "number": number, "at": ended, "state": state},
    ]  # fmt: skip


def run(*trials: list[Any], wall: float = 40.0) -> Run:
    events = sorted((event for events in trials for event in events), key=lambda event: float(event["at"]))
    return Run(wall=wall, peak_mb=100.0, events=events)


@pytest.fixture
def two_slots() -> Run:
    """Trials 0 and 1 start at 10; 2 takes the slot of 0, which ends at 15; 3 that of 1, which ends at 16."""
    return run(
        trial(0, 10.0, [12.0, 14.0], 15.0),
        trial(1, 10.0, [13.0, 15.0], 16.0),
        trial(2, 15.5, [18.0, 20.0], 21.0),
        trial(3, 16.0, [19.0, 21.0], 24.0),
    )


def test_rates(two_slots: Run) -> None:
    found = account(two_slots, 2, IMAGES)
    assert found.verdicts == 4
    assert found.per_hour == pytest.approx(3600 * 4 / 40)
    assert found.warm_per_hour == pytest.approx(3600 * 2 / (24 - 16))
    assert (found.first_epoch, found.ending) == (12.0, 16.0)


def test_shares(two_slots: Run) -> None:
    found = account(two_slots, 2, IMAGES)
    assert found.not_training == pytest.approx(1 - 8 * 1.5 / (40 * 2))
    taken = (21 - 15) + (24 - 16)  # from the verdict before in the same slot, not from the own start
    assert found.warm_not_training == pytest.approx(1 - 4 * 1.5 / taken)
    assert found.warm_evaluating == pytest.approx(4 * 0.5 / taken)
    assert found.control == pytest.approx((taken - 4 * 2.0) / 2)


def test_as_many_trials_as_slots_leave_nothing_warm(two_slots: Run) -> None:
    found = account(two_slots, 4, IMAGES)
    assert (found.warm_per_hour, found.warm_not_training, found.control) == (0.0, 0.0, 0.0)


def test_failures_are_no_verdicts() -> None:
    found = account(run(trial(0, 1.0, [3.0], 4.0), trial(1, 4.0, [6.0], 7.0, state="failed")), 1, IMAGES)
    assert (found.verdicts, found.failed) == (1, 1)


def test_nothing_to_sum_up() -> None:
    with pytest.raises(ValueError, match="no trial ended complete"):
        account(run(trial(0, 1.0, [3.0], 4.0, state="failed")), 1, IMAGES)


def test_ratios_are_of_the_same_repeat(two_slots: Run) -> None:
    slow = Run(wall=80.0, peak_mb=200.0, events=[{**event, "at": 2 * event["at"]} for event in two_slots.events])
    ours, theirs = account(two_slots, 2, IMAGES), account(slow, 2, IMAGES)
    found = ratios({"nas": [ours, ours], "p1": [theirs]})
    assert found["R1 nas / P1, verdicts/hour, whole process"] == [pytest.approx(2.0)]
    assert found["R1 nas / P1, verdicts/hour, warm"] == [pytest.approx(2.0)]
    assert found["nas / P1, time to the first epoch"] == [0.5]
    assert found["nas / P1, peak memory"] == [0.5]
