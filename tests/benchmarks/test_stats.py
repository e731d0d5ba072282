"""Medians, tables and files of figures."""

import json
from pathlib import Path

import pytest

from benchmarks.stats import keep, show, summary


def test_a_summary_is_median_and_ends() -> None:
    assert summary([3.0, 1.0, 10.0]) == {"median": 3.0, "min": 1.0, "max": 10.0}


def test_a_table_leaves_out_rows_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    show("speed", {"ours": [1.0, 2.0], "theirs": []}, "s")
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], *lines[1].split()] == ["speed", "ours", "1.50", "s", "(1.00", "to", "2.00)"]
    assert len(lines) == 2


def test_figures_are_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    keep({"a": 1}, file)
    keep({"a": 2}, file)
    assert json.loads(file.read_text()) == {"a": 2}
    assert list(tmp_path.iterdir()) == [file]
