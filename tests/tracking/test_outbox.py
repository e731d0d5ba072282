import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from nas.tracking.outbox import Outbox, Refused, one_line

SOON = 5.0


class Receiver:
    """Takes items; `down` and `gate` make it fail or wait."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.down = 0
        self.gate: threading.Event | None = None
        self.entered = threading.Event()

    def __call__(self, item: str) -> None:
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(SOON)
        if self.down:
            self.down -= 1
            raise ConnectionError("no answer from http://me:secret@host\nmore")
        if item.startswith("bad"):
            raise Refused("not a number")
        self.got.append(item)


class Sleeps:
    """Instead of sleeping: notes how long. Stops the outbox at `at_most`, so that an outage does not spin."""

    def __init__(self, at_most: int = 1000) -> None:
        self.seconds: list[float] = []
        self.at_most = at_most
        self.enough = threading.Event()

    def __call__(self, event: threading.Event, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) >= self.at_most:
            self.enough.set()
            event.wait(SOON)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def make(receiver: Receiver) -> Iterator[Callable[..., Outbox[str]]]:
    made: list[Outbox[str]] = []

    def build(**options: object) -> Outbox[str]:
        made.append(Outbox(receiver, "MLflow", **options))
        return made[-1]

    yield build
    for outbox in made:
        outbox.close()


def test_what_is_put_arrives(receiver, make):
    outbox = make(interval=0.0)
    for name in "abc":
        outbox.put(name, name)
    assert outbox.flush(SOON)
    assert receiver.got == ["a", "b", "c"]


def test_the_first_round_waits_for_its_head_start_and_a_flush_cuts_that_short(receiver, make):
    waits: list[float] = []
    reached, go = threading.Event(), threading.Event()

    def wait(wake: threading.Event, seconds: float) -> None:
        waits.append(seconds)
        reached.set()
        go.wait(SOON)

    outbox = make(interval=0.0, head_start=7.0, wait=wait)
    outbox.put("a", "a")
    assert reached.wait(SOON)
    assert (waits, receiver.got) == ([7.0], [])
    go.set()
    assert outbox.flush(SOON)
    assert receiver.got == ["a"]


def test_of_one_key_the_newest_item_arrives(receiver, make):
    receiver.gate = threading.Event()
    outbox = make(interval=0.0)
    outbox.put("a", "a1")
    assert receiver.entered.wait(SOON)
    for item in ("a2", "a3", "a4"):
        outbox.put("a", item)
    receiver.gate.set()
    assert outbox.flush(SOON)
    assert receiver.got == ["a1", "a4"]


def test_nothing_runs_before_the_first_item(make):
    before = threading.active_count()
    outbox = make()
    assert outbox.flush(0.0)
    assert threading.active_count() == before


def test_it_tries_again_ever_more_slowly(receiver, make):
    receiver.down = 9
    sleeps = Sleeps(at_most=10)
    outbox = make(wait=sleeps)
    outbox.put("a", "a")
    assert sleeps.enough.wait(SOON)
    assert receiver.got == ["a"]
    assert sleeps.seconds == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 1.0]  # the last is the pause between two rounds


def test_an_outage_is_told_once_in_one_line_without_the_password(receiver, make, caplog):
    receiver.down = 4
    sleeps = Sleeps(at_most=5)
    outbox = make(wait=sleeps)
    with caplog.at_level(logging.WARNING, "nas.tracking"):
        outbox.put("a", "a")
        assert sleeps.enough.wait(SOON)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "MLflow: no answer from http://me:***@host; tried again in the background, the search goes on",
        "MLflow answers again",
    ]
    assert outbox.error is None


def test_flush_gives_up_soon_when_nothing_answers(receiver, make):
    receiver.down = 10**9
    outbox = make(interval=0.0)
    outbox.put("a", "a")
    began = time.monotonic()
    assert not outbox.flush(60.0)
    assert time.monotonic() - began < SOON
    assert outbox.error == "no answer from http://me:***@host"
    receiver.down = 0
    assert outbox.flush(SOON)
    assert receiver.got == ["a"]


def test_flush_waits_for_one_failure_that_takes_seconds(receiver, make, monkeypatch):
    clock = iter(range(0, 10**9, 5))
    monkeypatch.setattr("nas.tracking.outbox.time", SimpleNamespace(monotonic=lambda: next(clock)))
    receiver.down = 10**9
    outbox = make(interval=0.0)
    outbox.put("a", "a")
    assert not outbox.flush(60.0)
    assert receiver.down >= 10**9 - 2  # the first may have come before the flush


def test_flush_cuts_a_long_pause_short(receiver, make):
    outbox = make(interval=3600.0)
    outbox.put("a", "a1")
    assert outbox.flush(SOON)
    outbox.put("a", "a2")
    assert outbox.flush(SOON)
    assert receiver.got == ["a1", "a2"]


def test_flush_ends_at_its_time(receiver, make):
    receiver.gate = threading.Event()
    outbox = make()
    outbox.put("a", "a")
    assert not outbox.flush(0.05)
    receiver.gate.set()


def test_one_that_fails_does_not_hold_up_the_others(receiver, make):
    receiver.down = 1
    outbox = make(wait=Sleeps())
    outbox.put("a", "a")
    outbox.put("b", "b")
    assert outbox.flush(SOON)
    assert sorted(receiver.got) == ["a", "b"]


def test_what_is_refused_is_dropped_and_not_forgotten(receiver, make, caplog):
    outbox = make(interval=0.0)
    outbox.put("a", "bad")
    outbox.put("b", "b")
    assert not outbox.flush(SOON)
    assert receiver.got == ["b"]
    assert "MLflow refused a: not a number" in caplog.text


def test_after_close_nothing_is_taken_and_nothing_runs(receiver, make):
    outbox = make(interval=0.0)
    outbox.put("a", "a")
    assert outbox.flush(SOON)
    outbox.close()
    outbox.close()
    outbox.put("b", "b")
    assert outbox.flush(SOON)
    assert receiver.got == ["a"]
    assert not [thread for thread in threading.enumerate() if thread.name == "MLflow outbox"]


def test_an_error_without_text_has_its_name():
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 1000))) == 300
