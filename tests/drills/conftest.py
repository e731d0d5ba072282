"""Counts what the drills do, and prints at the end of `scripts/drill` what docs/reliability.md shows."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.drills import study

_COLUMNS = ("rounds", "kills", "trials", "failures", "seconds")
_counts: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(_COLUMNS, 0.0))


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Note what the test killed, and how many trials its studies hold at its end."""
    study.DRILLS.clear()
    study.KILLS.clear()
    yield
    trials = 0
    for drill in study.DRILLS:
        with suppress(Exception):  # its database may be gone: some drills take it away
            trials += drill.counted()
    request.node.user_properties += [("kills", len(study.KILLS)), ("trials", trials)]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    counts = _counts[report.nodeid.partition("[")[0]]
    counts["seconds"] += report.duration
    counts["failures"] += report.failed
    if report.when == "call":
        counts["rounds"] += 1
    if report.when == "teardown":
        for name, count in report.user_properties:
            if name in counts:
                counts[name] += float(str(count))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if "NAS_DRILL_ROUNDS" not in os.environ:
        return
    terminalreporter.write_line("")
    terminalreporter.write_line("| drill | " + " | ".join(_COLUMNS) + " |")
    terminalreporter.write_line("| --- |" + " ---: |" * len(_COLUMNS))
    for drill, counts in _counts.items():
        if counts["rounds"]:
            name = drill.removeprefix("tests/drills/").removeprefix("test_").replace(".py::test_", ": ")
            cells = " | ".join(f"{counts[column]:,.0f}" for column in _COLUMNS)
            terminalreporter.write_line(f"| {name.replace('_', ' ')} | {cells} |")
