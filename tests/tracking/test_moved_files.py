"""A study whose files are mounted elsewhere than they were."""

import json
import shutil
from pathlib import Path

from mlflow.tracking._tracking_service import utils

from nas.records import Verdict
from nas.tracking.mlflow_runs import MlflowRuns
from tests.tracking.conftest import complete, running


def runs_with(database: Path, artifacts: Path) -> MlflowRuns:
    return MlflowRuns(f"sqlite:///{database}", artifacts)


def config_of(runs: MlflowRuns, uid: str) -> Path:
    return Path(runs.client.get_run(runs.ids[uid]).info.artifact_uri, "config.json")


def test_old_runs_find_their_files_and_new_ones_go_there_too(database: Path, tmp_path: Path) -> None:
    runs = runs_with(database, tmp_path / "old")
    runs.write(complete(0), False)
    runs.write(running(1), False)
    shutil.move(tmp_path / "old", tmp_path / "new")
    utils._artifact_repos_cache.clear()  # another process knows nothing of it

    runs = runs_with(database, tmp_path / "new")
    runs.write(complete(1), False)
    runs.write(complete(2), False)
    for number in range(3):
        assert config_of(runs, f"toy/{number}").is_relative_to(tmp_path / "new")
        assert json.loads(config_of(runs, f"toy/{number}").read_text())["model"]["kind"] == "convnet"
    assert not (tmp_path / "old").exists()


def test_runs_whose_files_have_stayed_keep_them(database: Path, tmp_path: Path) -> None:
    runs_with(database, tmp_path / "first").write(complete(0), False)
    runs = runs_with(database, tmp_path / "second")
    runs.write(complete(1, verdict=Verdict.PRUNED), False)
    assert config_of(runs, "toy/0").is_relative_to(tmp_path / "first")
    assert config_of(runs, "toy/1").is_relative_to(tmp_path / "second")
    assert all(config_of(runs, f"toy/{number}").is_file() for number in range(2))
