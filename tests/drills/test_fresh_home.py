"""Eight processes start at once on a home that is not there yet, each with its own study: none dies."""

from pathlib import Path

import pytest

from tests.drills.study import Drill, wait

PROCESSES = 8
SPACE = """
from collections.abc import Iterator
from nas import Config, SearchSpace, maximize, uniform

class Slope(Config):
    slope: float = 0.5

def climb(config: Slope, epochs: int) -> Iterator[dict[str, float]]:
    for epoch in range(1, epochs + 1):
        yield {{"score": config.slope * epoch}}

space = SearchSpace(
    name="{name}", template=Slope(slope=uniform(0.0, 1.0)), objectives=(maximize("score"),),
    objective=climb, epochs={epochs},
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_eight_searches_begin_at_once(tmp_path: Path, url: str, request: pytest.FixtureRequest) -> None:
    storage = request.getfixturevalue("postgres_url") if url == "postgresql" else None
    tracking = ["--tracking-uri", "none"] if url == "postgresql" else []  # the home's MLflow is the same in both
    drills = [
        Drill(
            tmp_path, name=f"study{number}", trials=3, epochs=2, executor="local", storage=storage, space=SPACE,
            options=tracking, forked=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    processes = [drill.start() for drill in drills]
    codes = [wait(process, 120) for process in processes]
    assert codes == [0] * PROCESSES, drills[0].tail()
    assert drills[0].states() == {"COMPLETE": 3 * PROCESSES}
    for drill in drills:
        assert drill.curves() == {number: [1, 2] for number in range(3)}
