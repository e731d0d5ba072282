"""Waiting for a database that is away: how long, how often, and what a person is told of it."""

from collections.abc import Callable

import pytest

from nas.search.faults import DiskFull, StorageError, Unavailable
from nas.search.insist import Insist


class Time:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.sleeps = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def away(time: Time, seconds: float) -> Callable[[], str]:
    def work() -> str:
        if time.now < seconds:
            raise Unavailable("storage sqlite:///a.db: database is locked; check that it is there")
        return "done"

    return work


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def insist(time: Time, told: list[str]) -> Insist:
    return Insist(tell=told.append, clock=lambda: time.now, sleep=time.sleep)


def test_what_goes_well_is_not_told(insist: Insist, time: Time, told: list[str]) -> None:
    assert insist(lambda: 3) == 3
    assert (time.sleeps, told) == ([], [])


def test_waits_as_long_as_it_takes_and_tells_once(insist: Insist, time: Time, told: list[str]) -> None:
    assert insist(away(time, 30)) == "done"
    assert 30 <= time.now <= 32
    assert told == [
        "storage sqlite:///a.db: database is locked; waiting for it, up to 300 s",
        f"storage sqlite:///a.db: answers again after {time.now:.1f} s",
    ]


def test_pauses_grow_to_two_seconds(insist: Insist, time: Time) -> None:
    insist(away(time, 20))
    assert time.sleeps[:3] == [0.05, 0.1, 0.2]
    assert max(time.sleeps) == time.sleeps[-1] == 2.0


def test_gives_up_after_five_minutes(insist: Insist, time: Time) -> None:
    with pytest.raises(StorageError) as caught:
        insist(away(time, 1e9))
    assert 300 <= time.now <= 302
    assert str(caught.value) == (
        "storage sqlite:///a.db: database is locked; once it answers the same command goes on"
    )  # fmt: skip
    assert not isinstance(caught.value, Unavailable)


def test_without_patience_it_ends_at_once(insist: Insist, time: Time, told: list[str]) -> None:
    insist.patience = 0
    with pytest.raises(StorageError):
        insist(away(time, 1))
    assert (time.sleeps, told) == ([], [])


@pytest.mark.parametrize("error", [StorageError("no rights"), DiskFull("no room"), KeyError("x")])
def test_what_does_not_pass_by_itself_is_not_waited_for(insist: Insist, time: Time, error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        insist(work)
    assert caught.value is error
    assert time.sleeps == []
