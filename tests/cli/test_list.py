import json
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


def test_a_storage_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").write_text("no database at all, " * 100)
    result = run(tmp_path, "list")
    assert result.exit_code == 3
    assert result.stderr.startswith("nas: error: storage sqlite:///")
    assert len(result.stderr.splitlines()) == 1
