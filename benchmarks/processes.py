"""One side of a comparison as a real process: its events with their times, how long it took, its peak memory."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS_BETWEEN_SAMPLES = 0.5
SECONDS_TO_VANISH = 10.0
"""How long to wait after a run for the last of its processes to go. Some of Ray's agents stay for minutes, but idle."""
SLOWEST = 4 * 3600.0


@dataclass
class Run:
    """events: each with `at`, seconds since the start. wall: seconds from start to exit. peak_mb: the largest resident
    memory of all its processes together; what they share is counted in each of them. 0 where it cannot be read.
    """

    wall: float = 0.0
    peak_mb: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, event: str) -> list[dict[str, Any]]:
        """The events of this kind, in order."""
        return [each for each in self.events if each["event"] == event]


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Run:
    """Run a command that prints an event a line, among other lines, which go to `log` with all others.

    Raises:
        RuntimeError: it failed; the end of what it printed.
    """
    found, began = Run(), time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    watch = _Watch(process.pid)
    watch.start()
    assert process.stdout is not None
    with log.open("w", encoding="utf-8") as lines:
        for line in process.stdout:
            lines.write(line)
            if line.startswith('{"event"'):
                found.events.append({**_slim(json.loads(line)), "at": time.perf_counter() - began})
    code = process.wait(SLOWEST)
    found.wall = time.perf_counter() - began
    found.peak_mb = watch.stop()
    if code != 0:
        end = "\n".join(log.read_text(encoding="utf-8").splitlines()[-25:])
        raise RuntimeError(f"{' '.join(command[:4])} ... ended with {code}:\n{end}")
    return found


def _slim(event: dict[str, Any]) -> dict[str, Any]:
    """Numbers and names; not whole configs."""
    return {name: value for name, value in event.items() if isinstance(value, int | float | str)}


class _Watch(threading.Thread):
    """Follows the memory of a process and of all that it starts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0.0
        self.seen: set[tuple[int, int]] = set()
        self._over = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        while not self._over.wait(SECONDS_BETWEEN_SAMPLES):
            family = descendants(self.pid)
            self.seen |= set(family.items())
            self.peak = max(self.peak, sum(resident_mb(pid) for pid in family))

    def stop(self) -> float:
        """Wait for stragglers; the peak in MB."""
        self._over.set()
        self.join()
        until = time.monotonic() + SECONDS_TO_VANISH
        while time.monotonic() < until and self.seen & {(pid, start) for pid, (_, start) in _stats().items()}:
            time.sleep(0.2)
        return self.peak


def _stats() -> dict[int, tuple[int, int]]:
    """Parent and start time (in ticks) of every process that is no zombie; empty where there is no /proc."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if fields[0] != "Z":
            found[int(file.parent.name)] = (int(fields[1]), int(fields[19]))
    return found


def descendants(pid: int) -> dict[int, int]:
    """The process and all that it started, directly or not: id to start time."""
    stats = _stats()
    family = {pid: stats[pid][1]} if pid in stats else {}
    while more := {child: start for child, (up, start) in stats.items() if up in family and child not in family}:
        family |= more
    return family


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
