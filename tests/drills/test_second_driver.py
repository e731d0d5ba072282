"""One driver per study: the second is refused and told who is first; a lock dies with its process."""

from pathlib import Path

import pytest

from tests.drills.study import Drill, kill, wait


@pytest.mark.slow
@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_second_driver(tmp_path: Path, url: str, request: pytest.FixtureRequest) -> None:
    storage = request.getfixturevalue("postgres_url") if url == "postgresql" else None
    drill = Drill(tmp_path, trials=2, epochs=4, executor="local", storage=storage, forked=True)
    first = drill.start()
    drill.await_progress(first)
    stored = drill.epochs_stored()
    try:
        assert wait(drill.start(), 60) == 3, drill.tail()
        told = [line for line in drill.tail().splitlines() if line.startswith("nas: error")]
        assert len(told) == 1
        assert told[0].startswith(f"nas: error: study drill: process {first.pid} on ")
        assert "is searching it now; wait for it, or end it" in told[0]
    finally:
        kill(first)
    assert drill.epochs_stored() >= stored
    drill.finish()
    drill.check()
