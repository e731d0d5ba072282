import json
from pathlib import Path

import pytest

from nas.search.layout import Layout
from nas.search.lock import study_lock
from nas.search.opening import find_study, study_names
from nas.tracking.stores import note_store
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
    assert run(home, "delete", "small", answer="").exit_code == 2
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
        raise ConnectionError("no answer")

    monkeypatch.setattr("nas.tracking.studies.delete_runs", unreachable)
    result = run(home, "delete", "small", "--yes", "--tracking-uri", "http://me:secret@localhost:9")
    assert result.exit_code == 3
    assert result.stderr == (
        "nas: error: study small: its MLflow runs at http://me:***@localhost:9 cannot be deleted (no answer), so "
        "nothing was; --tracking-uri none leaves them alone\n"
    )
    assert weights.exists()
    assert run(home, "delete", "small", "--yes", "--tracking-uri", "none").exit_code == 0


def test_mlflow_runs_are_deleted_and_counted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.tracking.studies.delete_runs", lambda uri, study: 8 if study == "small" else 0)
    result = run(home, "delete", "small", "--yes", "--tracking-uri", "http://localhost:9")
    assert "8 MLflow runs" in result.stdout


def noted(home: Path, uri: str) -> None:
    study = find_study(storage_in(home), "small")
    assert study is not None
    note_store(study, uri, f"sqlite:///{home}/mlflow.db")


def test_runs_are_sought_wherever_a_search_sent_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("nas.tracking.studies.delete_runs", lambda uri, study: asked.append(uri) or 4)
    noted(home, "http://localhost:9/")
    noted(home, f"sqlite:///{home}/mlflow.db")
    noted(home, f"sqlite:///{home}/gone.db")
    noted(home, "none")
    result = run(home, "delete", "small", "--yes", "--tracking-uri", "http://127.0.0.1:8")
    assert "8 MLflow runs" in result.stdout
    assert asked == ["http://127.0.0.1:8", "http://localhost:9/"]


def test_a_store_whose_password_is_not_known(home: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("nas.tracking.studies.delete_runs", lambda uri, study: asked.append(uri) or 4)
    noted(home, "http://me:secret@127.0.0.1:9")
    result = run(home, "delete", "small", "--yes")
    assert result.exit_code == 3
    assert result.stderr == (
        "nas: error: study small: has MLflow runs at http://me:***@127.0.0.1:9, whose password is not kept, so nothing "
        "was deleted; give it with --tracking-uri, or none to leave them alone\n"
    )
    assert weights.exists()
    assert run(home, "delete", "small", "--yes", "--tracking-uri", "http://me:secret@localhost:9").exit_code == 0
    assert asked == ["http://me:secret@localhost:9"]
