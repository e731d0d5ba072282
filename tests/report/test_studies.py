import io
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from rich.console import Console

from nas.report.studies import StudyLine, print_studies, read_studies, study_data
from nas.search.opening import open_study
from tests.report.studies import SPACE, small_study

LINE = StudyLine("small", 4, 1, 1, 1, 1, 0, 1, "val_accuracy", 0.8925, 2, 1_700_000_000.0)


def text(studies: list[StudyLine], width: int = 80) -> str:
    file = io.StringIO()
    print_studies(Console(file=file, width=width), studies)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_studies_are_counted_by_verdict(tmp_path: Path) -> None:
    main, _ = small_study(tmp_path)
    open_study(main.storage, replace(SPACE, name="an empty one"), "random", 0, None)
    optuna.create_study(storage=main.storage, study_name="somebody else's")
    empty, small = read_studies(main.storage)
    assert replace(small, written=None) == replace(LINE, written=None)
    started = [frozen.user_attrs.get("started", 0) for frozen in main.frozen()]
    assert small.written is not None
    assert small.written >= max(started)
    assert (empty.study, empty.complete, empty.best, empty.written) == ("an empty one", 0, None, None)


def test_the_time_is_told_in_iso_8601() -> None:
    assert study_data(LINE)["written"] == "2023-11-14T22:13:20+00:00"
    assert study_data(replace(LINE, written=None))["written"] is None
    assert study_data(LINE)["complete"] == 4


def test_the_table() -> None:
    other = StudyLine("大きい", 0, 0, 0, 2, 0, 0, 0, "loss", None, None, None)
    shown = text([LINE, other], 100)
    assert shown.splitlines()[0].split() == [
        "study", "complete", "running", "failed", "pruned", "best", "trial", "last", "written",
    ]  # fmt: skip
    assert shown.splitlines()[2].startswith("small          4        1       1       1  0.8925      2  2023-11-")
    assert shown.splitlines()[3].split() == ["大きい", "2"]


@pytest.mark.parametrize("width", [1, 20, 40])
def test_no_width_is_too_narrow(width: int) -> None:
    assert max(map(len, text([LINE], width).splitlines())) <= width
