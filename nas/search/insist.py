"""Patience with a database that is away for a while: try again, with growing pauses, and say once that we wait."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from nas.search.faults import StorageError, Unavailable

PATIENCE = 300.0
"""Seconds after which a search gives up, to be resumed."""
_LONGEST_PAUSE = 2.0
_Result = TypeVar("_Result")


def _warn(line: str) -> None:
    sys.stderr.write(f"nas: warning: {line}\n")
    sys.stderr.flush()


@dataclass
class Insist:
    """Calls work until the database lets it through, for at most `patience` seconds from the first refusal.

    Work must be such that doing it twice is doing it once: a lost connection does not tell whether it was done.
    """

    patience: float = PATIENCE
    tell: Callable[[str], None] = _warn
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, work: Callable[[], _Result]) -> _Result:
        """What the work returns.

        Raises:
            StorageError: the database did not come back in time.
        """
        try:
            return work()
        except Unavailable as refusal:
            return self._wait(work, refusal)

    def _wait(self, work: Callable[[], _Result], refusal: Unavailable) -> _Result:
        said, began, pause = str(refusal).rpartition("; ")[0], self.clock(), 0.05
        if self.patience > 0:
            self.tell(f"{said}; waiting for it, up to {self.patience:.0f} s")
        while self.clock() - began < self.patience:
            self.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                result = work()
            except Unavailable as again:
                refusal = again
            else:
                self.tell(f"{said.partition(': ')[0]}: answers again after {self.clock() - began:.1f} s")
                return result
        raise StorageError(f"{str(refusal).rpartition('; ')[0]}; once it answers the same command goes on") from refusal
