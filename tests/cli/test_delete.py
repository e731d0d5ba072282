import json
from pathlib import Path

import pytest

from nas.search.layout import Layout
from nas.search.lock import study_lock
from nas.search.opening import study_names
from tests.cli.home import fill, home_with_study, run
from tests.report.studies import storage_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_study(tmp_path)


@pytest.fixture
def weights(home: Path) -> Path:
    return fill(Layout(home, home).weights("small", 2), 2000)


def test_everything_goes(home: Path, weights: Path) -> None:
    fill(Layout(home, home).checkpoints("small.references", 0), 1500)
    other = fill(Layout(home, home).weights("other", 0), 10)
    result = run(home, "delete", "small", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Deleted small: 8 trials, 0 MLflow runs, 3.5 kB freed.\n"
    assert not weights.parent.exists()
    assert other.exists()
    assert study_names(storage_in(home)) == []
    assert json.loads(run(home, "list", "--json").stdout) == []
    assert not (home / "mlflow.db").exists()
    assert run(home, "delete", "small", "--yes").exit_code == 2


def test_it_asks(home: Path, weights: Path) -> None:
    result = run(home, "delete", "small", answer="n\n")
    assert result.exit_code == 0
    assert result.stdout.startswith("Delete small: 8 trials, 2.0 kB of weights, and its MLflow runs? [y/N]:")
    assert result.stdout.endswith("Nothing was deleted.\n")
    assert weights.exists()
    assert run(home, "delete", "small", answer="").exit_code == 130
    assert weights.exists()
    assert run(home, "delete", "small", answer="y\n").exit_code == 0
    assert not weights.exists()


def test_refused_while_a_search_works_on_it(home: Path, weights: Path) -> None:
    with study_lock(storage_in(home), "small"):
        result = run(home, "delete", "small", "--yes")
    assert result.exit_code == 3
    assert "is searching it now" in result.stderr
    assert weights.exists()


def test_while_mlflow_cannot_be_reached_nothing_is_deleted(
    home: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(uri: str, study: str) -> int:
        raise ConnectionError(f"no answer from {uri}")

    monkeypatch.setattr("nas.tracking.studies.delete_runs", unreachable)
    result = run(home, "delete", "small", "--yes", "--tracking-uri", "http://me:secret@localhost:9")
    assert result.exit_code == 3
    assert result.stderr == (
        "nas: error: study small: its MLflow runs cannot be deleted (no answer from http://me:***@localhost:9), so "
        "nothing was; --tracking-uri none leaves them alone\n"
    )
    assert weights.exists()
    assert run(home, "delete", "small", "--yes", "--tracking-uri", "none").exit_code == 0


def test_mlflow_runs_are_deleted_and_counted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.tracking.studies.delete_runs", lambda uri, study: 8 if study == "small" else 0)
    result = run(home, "delete", "small", "--yes", "--tracking-uri", "http://localhost:9")
    assert "8 MLflow runs" in result.stdout
