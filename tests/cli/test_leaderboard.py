import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.home import home_with_study, run
from tests.report.test_table import USUAL, WIDE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with_study(tmp_path_factory.mktemp("home"))


def plain(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_exactly(home: Path) -> None:
    assert plain(run(home, "leaderboard", "small").stdout) == WIDE
    assert plain(run(home, "leaderboard", "small", width=80).stdout).startswith(USUAL)


def test_sorted_by_accuracy_per_parameter(home: Path) -> None:
    lines = run(home, "leaderboard", "small", "--sort", "accuracy_per_param").stdout.splitlines()
    assert [line.split()[0] for line in lines[4:9]] == ["0*", "3*", "2*", "1", "VGG19"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["smal"], "study smal: there is no such study; did you mean small?"),
        (["small", "--sort", "parms"], "--sort: there is no column 'parms'; did you mean params"),
        (["small", "--csv", "--json"], "leaderboard: --csv and --json exclude each other; choose one"),
        (["small", "--top", "3", "--all"], "leaderboard: --top and --all exclude each other; choose one"),
        (["small", "--top", "0"], "--top: 0 is too low; give 1 or more"),
        ([], "STUDY: is missing; see nas leaderboard --help"),
    ],
)
def test_mistakes_are_one_line(home: Path, arguments: list[str], line: str) -> None:
    result = run(home, "leaderboard", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"nas: error: {line}")
    assert len(result.stderr.splitlines()) == 1


def test_in_an_empty_home_there_is_no_study(tmp_path: Path) -> None:
    result = run(tmp_path / "none", "leaderboard", "small")
    assert result.exit_code == 2
    assert "there is none yet; `nas search FILE` begins one" in result.stderr
    assert not (tmp_path / "none").exists()


def test_for_machines_and_documents(home: Path) -> None:
    found = json.loads(run(home, "leaderboard", "small", "--json", "--sort", "params", "--top", "1").stdout)
    assert [row["number"] for row in found] == [0, None]
    assert len(list(csv.DictReader(io.StringIO(run(home, "leaderboard", "small", "--csv").stdout)))) == 8
    assert run(home, "leaderboard", "small", "--markdown").stdout.startswith("| # | name | val acc |")


def test_top_and_all(home: Path) -> None:
    assert "... and 5 more trials" in run(home, "leaderboard", "small", "--top", "2").stdout
    assert plain(run(home, "leaderboard", "small", "--all").stdout) == WIDE


def test_twenty_columns_do(home: Path) -> None:
    result = run(home, "leaderboard", "small", width=20)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 20
