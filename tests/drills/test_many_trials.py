"""Many trials in one driver: it does not grow with them, and when it is done nothing is left of it."""

import tempfile
import time
from pathlib import Path

import pytest

from tests.drills.processes import command_of, descendants, resident_bytes
from tests.drills.study import LONG, Drill

SPACE = """
from collections.abc import Iterator
from nas import Config, SearchSpace, maximize, uniform


class Bowl(Config):
    x: float


def work(config: Bowl, budget: int) -> Iterator[dict[str, float]]:
    for epoch in range(1, budget + 1):
        yield {{"score": epoch / budget - config.x**2}}


space = SearchSpace(
    name="{name}", template=Bowl(x=uniform(-1.0, 1.0)), objectives=(maximize("score"),), objective=work, epochs={epochs}
)
"""
TRIALS = 500 if LONG else 60
SETTLED = 50
MOST_GROWTH = 50 * 2**20
SHARED = Path("/dev/shm")


@pytest.mark.slow
def test_nothing_grows_and_nothing_is_left(tmp_path: Path) -> None:
    shared = {path.name for path in SHARED.iterdir()}
    options = ("--sampler", "random")
    drill = Drill(tmp_path / "d", trials=TRIALS, epochs=2, space=SPACE, options=options, forked=True)
    process = drill.start()
    sizes: list[tuple[int, int]] = []
    seen: set[int] = set()
    while process.poll() is None:
        sizes.append((drill.states()["COMPLETE"], resident_bytes(process.pid)))
        seen |= set(descendants(process.pid))
        time.sleep(0.2)
    assert process.wait() == 0, drill.tail()
    assert drill.states() == {"COMPLETE": TRIALS}, drill.tail()

    settled = [size for trials, size in sizes if SETTLED <= trials < TRIALS and size]  # then the report loads its own
    print(f"{TRIALS} trials: {settled[0] / 2**20:.0f} MiB at {SETTLED}, at most {max(settled) / 2**20:.0f} after")
    assert max(settled) - settled[0] <= MOST_GROWTH
    assert drill.processes() == []
    assert [pid for pid in seen if command_of(pid)] == []
    assert {path.name for path in SHARED.iterdir()} <= shared
    assert not list((drill.home / "cache" / "ray").iterdir())
    locks = [lock.read_text() for lock in Path(tempfile.gettempdir()).glob("nas-ray-*/driver")]
    assert f"process {process.pid}\n" not in locks
