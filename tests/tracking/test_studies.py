from pathlib import Path

import pytest

from nas.tracking.mlflow_runs import MlflowRuns
from nas.tracking.studies import delete_runs, find_run_ids
from tests.tracking.conftest import START, complete, points_in, running, runs_in


@pytest.fixture
def uri(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture
def runs(uri: str, tmp_path: Path) -> MlflowRuns:
    runs = MlflowRuns(uri, tmp_path / "files")
    for number in range(3):
        runs.write(complete(number), False)
    runs.write(complete(0, reference="VGG19"), False)
    runs.write(complete(0, study="other"), False)
    return runs


def test_run_ids_of_a_study(uri: str, runs: MlflowRuns):
    found = find_run_ids(uri, "toy")
    assert set(found) == {"toy/0", "toy/1", "toy/2", "toy.references/0"}
    assert found["toy/1"] == runs.ids["toy/1"]
    assert find_run_ids(uri, "unknown") == {}


def test_deleting_takes_the_study_and_its_files_only(database: Path, uri: str, runs: MlflowRuns, tmp_path: Path):
    assert delete_runs(uri, "toy") == 4
    assert [uid for uid, _, _ in runs_in(database)] == ["other/0"]
    assert list((tmp_path / "files" / "toy").iterdir()) == []
    assert len(list((tmp_path / "files" / "other").iterdir())) == 1
    assert find_run_ids(uri, "toy") == {}
    assert delete_runs(uri, "toy") == 0


def test_the_name_is_free_again(database: Path, uri: str, runs: MlflowRuns, tmp_path: Path):
    for start in (START + 100, START + 200):
        delete_runs(uri, "toy")
        MlflowRuns(uri, tmp_path / "files").write(running(0, epochs=2, started=start), False)
        assert runs_in(database) == [("other/0", "FINISHED", "complete"), ("toy/0", "RUNNING", "running")]
        assert len(points_in(database)["toy/0", "val_loss"]) == 2


def test_an_experiment_already_deleted_in_mlflow_frees_its_name(database: Path, uri: str, runs: MlflowRuns):
    experiment = runs.client.get_experiment_by_name("toy")
    runs.client.delete_experiment(experiment.experiment_id)
    assert delete_runs(uri, "toy") == 4
    assert runs.client.get_experiment_by_name("toy") is None


def test_what_others_logged_in_the_experiment_stays(uri: str, runs: MlflowRuns):
    experiment = runs.client.get_experiment_by_name("toy")
    theirs = runs.client.create_run(experiment.experiment_id).info.run_id
    assert delete_runs(uri, "toy") == 4
    assert [run.info.run_id for run in runs.client.search_runs([experiment.experiment_id])] == [theirs]


def test_an_unknown_study_has_nothing_to_delete(uri: str, database: Path):
    assert delete_runs(uri, "unknown") == 0
