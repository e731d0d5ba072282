import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.home import run
from tests.report.ablations import ablated_study, regression_study
from tests.report.test_compared import TEXT as COMPARED
from tests.report.test_effects import TEXT as EFFECTS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    ablated_study(folder)
    regression_study(folder)
    return folder


def plain(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_exactly(home: Path) -> None:
    assert plain(run(home, "effects", "ablated", width=100).stdout) == EFFECTS
    assert plain(run(home, "effects", "ablated", "--by", "model").stdout).startswith(COMPARED)


def test_for_machines_and_documents(home: Path) -> None:
    found = json.loads(run(home, "effects", "ablated", "--json", "--metric", "test_accuracy").stdout)
    assert (found["metric"], found["base"]["std"], len(found["effects"])) == ("test_accuracy", pytest.approx(0.02), 3)
    found = json.loads(run(home, "effects", "regression", "--by", "input_dropout", "--json").stdout)
    assert [option["option"] for option in found["options"]] == [0.0, 0.1]
    rows = list(csv.DictReader(io.StringIO(run(home, "effects", "ablated", "--csv").stdout)))
    assert [row["factor"] for row in rows] == ["model.convnet.dropout", "model.convnet.filters", "model"]
    assert run(home, "effects", "ablated", "--by", "model", "--markdown").stdout.startswith("| model | trials |")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["ablate"], "study ablate: there is no such study; did you mean ablated?"),
        (["ablated", "--csv", "--json"], "effects: --csv and --json exclude each other; choose one"),
        (["ablated", "--by", "model", "--base", "base"], "effects: --by and --base exclude each other"),
        (["ablated", "--by", "modl"], "--by: no trial of ablated has a hole 'modl'; did you mean model?"),
        (["ablated", "--base", "b"], "--base: ablated has no baseline 'b'; known are base"),
        (
            ["ablated", "--metric", "val_acuracy"],
            "--metric: no trial of ablated has a figure 'val_acuracy'; did you mean",
        ),
        ([], "STUDY: is missing; see nas effects --help"),
    ],
)
def test_mistakes_are_one_line(home: Path, arguments: list[str], line: str) -> None:
    result = run(home, "effects", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"nas: error: {line}")
    assert len(result.stderr.splitlines()) == 1
