"""`Outbox`: hands things over in the background, the newest of each kind only, and again until they have arrived."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from nas.redact import redact

log = logging.getLogger("nas.tracking")

Item = TypeVar("Item")
Wait = Callable[[threading.Event, float], object]

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_DELAY_WHILE_FLUSHING = 0.2
_TRIES_PER_FLUSH = 3
_CLOSING_SECONDS = 2.0


class Refused(Exception):
    """The receiver will never take this item: it is dropped, and no flush calls itself complete."""


class Outbox(Generic[Item]):
    """Delivers items under a key from a thread of its own; a newer item under a key replaces one that still waits.

    deliver: called from the thread, one item at a time. What it raises is told once on the log, and the item tried
    again after 0.5 s, 1 s, 2 s ... 30 s. name: of the receiver, for the log. interval: seconds between two rounds, in
    which items gather, so that quick trials cost one delivery. head_start: seconds between the first item and the first
    round. wait: how to sleep, for tests.
    """

    def __init__(
        self,
        deliver: Callable[[Item], None],
        name: str,
        interval: float = 1.0,
        head_start: float = 0.0,
        wait: Wait = threading.Event.wait,
    ) -> None:
        self._deliver, self._name, self._wait = deliver, name, wait
        self._interval, self._head_start = interval, head_start
        self._waiting: dict[str, Item] = {}
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = self._failures_in_a_row = self._flushing = self._refused = 0
        self._closed = False
        self.error: str | None = None

    def put(self, key: str, item: Item) -> None:
        """Deliver an item soon. The thread starts with the first one."""
        with self._changed:
            if self._closed:
                return
            self._waiting[key] = item
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"{self._name} outbox", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until all is delivered, at most `timeout` seconds or three failures. Returns whether it was.

        A failure that takes seconds, for a receiver that never answers, counts for as many more.
        """
        with self._changed:
            self._flushing += 1
            self._wake.set()
            enough = self._failures + _TRIES_PER_FLUSH
            self._changed.wait_for(
                lambda: self._closed or not self._waiting or self._failures >= enough, max(timeout, 0.0)
            )
            self._flushing -= 1
            return not self._waiting and not self._refused

    def close(self) -> None:
        """Stop after the delivery in progress, for which it waits a few seconds."""
        with self._changed:
            self._closed = True
            self._wake.set()
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_CLOSING_SECONDS)

    def _work(self) -> None:
        if self._head_start:
            self._sleep(self._head_start)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                keys = list(self._waiting)
            for key in keys:
                if not self._closed:
                    self._try(key)
            if self._closed:
                return
            if not self._failures_in_a_row:
                self._sleep(self._interval)

    def _try(self, key: str) -> None:
        item, began = self._waiting[key], time.monotonic()
        try:
            self._deliver(item)
        except Refused as refusal:
            log.warning("%s refused %s: %s", self._name, key, one_line(refusal))
            with self._changed:
                self._refused += 1
                self._settle(key, item)
        except Exception as error:
            self._put_off(key, error, seconds=int(time.monotonic() - began))
        else:
            with self._changed:
                self._failures_in_a_row = 0
                if self.error is not None:
                    log.warning("%s answers again", self._name)
                    self.error = None
                self._settle(key, item)

    def _settle(self, key: str, item: Item) -> None:
        """Take a delivered item out, unless a newer one has come meanwhile."""
        if self._waiting.get(key) is item:
            del self._waiting[key]
        self._changed.notify_all()

    def _put_off(self, key: str, error: Exception, seconds: int) -> None:
        with self._changed:
            self._failures += 1 + seconds
            self._failures_in_a_row += 1
            if self.error is None:
                log.warning("%s: %s; tried again in the background, the search goes on", self._name, one_line(error))
            self.error = one_line(error)
            self._waiting[key] = self._waiting.pop(key)
            self._changed.notify_all()
        self._sleep(min(_FIRST_DELAY * 2 ** (self._failures_in_a_row - 1), _LONGEST_DELAY))

    def _sleep(self, seconds: float) -> None:
        """Sleep, shortly while somebody flushes; a flush that begins, or the end, cuts it short."""
        with self._changed:
            if self._closed:
                return
            if self._flushing:
                seconds = min(seconds, _DELAY_WHILE_FLUSHING) if self._failures_in_a_row else 0.0
            self._wake.clear()
        self._wait(self._wake, seconds)


def one_line(error: BaseException) -> str:
    """What went wrong in one line of at most 300 characters, without passwords."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return redact(lines[0])[:300]
