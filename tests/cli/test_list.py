import json
import subprocess
import sys
from pathlib import Path

from tests.cli.home import home_with_study, run


def test_an_empty_home_is_told_so_and_nothing_is_created(tmp_path: Path) -> None:
    home = tmp_path / "none"
    result = run(home, "list")
    assert result.exit_code == 0
    assert result.stdout == f"There is no study in sqlite:///{home}/optuna.db yet; `nas search FILE` begins one.\n"
    assert json.loads(run(home, "list", "--json").stdout) == []
    assert not home.exists()


def test_the_studies_and_how_they_stand(tmp_path: Path) -> None:
    result = run(home_with_study(tmp_path), "list")
    assert result.exit_code == 0
    header, _, line = result.stdout.splitlines()
    assert header.split() == ["study", "complete", "running", "failed", "pruned", "best", "trial", "last", "written"]
    assert line.split()[:7] == ["small", "4", "1", "1", "1", "0.8925", "2"]


def test_as_json(tmp_path: Path) -> None:
    (study,) = json.loads(run(home_with_study(tmp_path), "list", "--json").stdout)
    assert study.pop("written").endswith("+00:00")
    assert study == {
        "study": "small", "complete": 4, "pruned": 1, "failed": 1, "running": 1, "infeasible": 1, "duplicate": 0,
        "references": 1, "objective": "val_accuracy", "best": 0.8925, "best_trial": 2,
    }  # fmt: skip


def test_the_published_networks_without_a_storage_or_torch(tmp_path: Path) -> None:
    home = tmp_path / "none"
    result = run(home, "list", "backbones", width=100)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["mobilenet_v2", "3.54", "M", "602", "M", "1", "0.7215", "transfer", "on", "a", "laptop"] in lines
    rows = json.loads(run(home, "list", "backbones", "--json").stdout)
    assert next(row["params"] for row in rows if row["name"] == "resnext50") == 25_097_128
    assert not home.exists()
    code = """
import atexit, sys
from nas.cli.main import nas
atexit.register(lambda: print("torch" in sys.modules))
nas.main(["list", "backbones"])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "False"


def test_a_list_of_something_else_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "list", "backbone")
    line = "nas: error: [studies|backbones]: unknown list 'backbone'; did you mean backbones?\n"
    assert (result.stderr, result.exit_code) == (line, 2)


def test_a_storage_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").write_text("no database at all, " * 100)
    result = run(tmp_path, "list")
    assert result.exit_code == 3
    assert result.stderr.startswith("nas: error: storage sqlite:///")
    assert len(result.stderr.splitlines()) == 1
