"""The driver's main line, where it is broken off."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from nas.search.faults import DiskFull
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.options import Options
from nas.search.run import search
from nas.space.load import load_space_file
from nas.tracking.record import TrialRecord
from nas.tracking.tracker import NullTracker

SPACE = """
import errno

from nas import Config, SearchSpace, integer, maximize


class Point(Config):
    x: int


def objective(config, epochs):
    yield {"score": config.x}
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere")


space = SearchSpace(name="toy", template=Point(x=integer(1, 9)), objectives=(maximize("score"),), objective=objective)
"""


class _Nobody:
    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None: ...

    def started(self, record: TrialRecord) -> None: ...

    def advanced(self, record: TrialRecord) -> None: ...

    def ended(self, record: TrialRecord) -> None: ...


def test_what_a_broken_off_search_leaves_does_not_show_as_running(tmp_path: Path) -> None:
    file, home = tmp_path / "toy.py", tmp_path / "home"
    file.write_text(SPACE, encoding="utf-8")
    layout, tracker = Layout(home, home / "data"), NullTracker()
    options = Options(layout, layout.storage_url, trials=3, executor="local")
    with pytest.raises(DiskFull, match=r"somewhere: the disk is full .*; make space"):
        search(load_space_file(str(file)), options, tracker, _Nobody())
    assert tracker.paused == {"toy/0"}
