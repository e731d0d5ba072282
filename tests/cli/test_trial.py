import json
from pathlib import Path

import pytest

from tests.cli.home import home_with_study, run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with_study(tmp_path_factory.mktemp("home"))


def test_in_words(home: Path) -> None:
    result = run(home, "trial", "small", "2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "small, trial 2: complete"
    assert "weights: not kept" in lines
    assert lines[-1] == "nas train spaces/small.py --baseline 10 --set model.convnet.batch_norm=true"


def test_a_failure_with_its_traceback(home: Path) -> None:
    assert "  Diverged: train loss is nan" in run(home, "trial", "small", "5").stdout.splitlines()


def test_by_name_as_json(home: Path) -> None:
    found = json.loads(run(home, "trial", "small", "VGG19", "--json").stdout)
    assert (found["reference"], found["number"], found["metrics"]["val_accuracy"]) == ("VGG19", None, 0.8875)
    assert found["command"] == "nas train spaces/small.py --reference VGG19"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["small", "99"], "trial 99: there is no such trial; small has numbers 0 to 7, and 0, 10, kernel 5, VGG19"),
        (["small", "6"], "trial 6: was drawn but never trained: infeasible, over its limit: params <= 20"),
        (["large", "6"], "study large: there is no such study"),
        (["small"], "N: is missing; see nas trial --help"),
    ],
)
def test_mistakes_are_one_line(home: Path, arguments: list[str], line: str) -> None:
    result = run(home, "trial", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"nas: error: {line}")
    assert len(result.stderr.splitlines()) == 1
