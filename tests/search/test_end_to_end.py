"""One real search: real Ray workers, real Optuna storage, real MLflow, read back through their own APIs.

The space holds a network of its own (which travels to the workers with the file), one that breaks, and one that takes
its process along.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from nas.training.weights import load_model

SPACE = '''
from nas import ConvNet, Digits, Model, SearchSpace, TrialConfig, choice, max_params, maximize, minimize


class Mine(Model, kind="mine"):
    """A network of one's own: `width` -1 breaks, -2 takes its process along."""

    width: int = 8

    def build(self, shape, classes):
        import torch

        first = Broken(self.width) if self.width < 0 else torch.nn.Identity()
        return torch.nn.Sequential(torch.nn.Flatten(), first, torch.nn.Linear(shape[0] * shape[1] * shape[2], classes))


def Broken(width):
    import os

    import torch

    class Module(torch.nn.Module):
        def forward(self, x):
            if width == -2 and not x.is_meta:
                os._exit(13)
            if not x.is_meta:
                raise ArithmeticError("this layer always breaks")
            return x

    return Module()


def config(model):
    return TrialConfig(data=Digits(), model=model, epochs=2, precision="fp32")


small = dict(conv_layers=1, kernel_size=3, dense_width=16)
space = SearchSpace(
    name="whole",
    template=config(choice(ConvNet(filters=choice(4, 6, 4096), **small), Mine(width=choice(8, -1, -2)))),
    objectives=(maximize("val_accuracy"), minimize("params")),
    constraints=(max_params(50_000),),
    baselines={
        "four": config(ConvNet(filters=4, **small)),
        "again": config(ConvNet(filters=4, **small)),
        "mine": config(Mine(width=8)),
        "broken": config(Mine(width=-1)),
        "deadly": config(Mine(width=-2)),
    },
    references={"outside": config(ConvNet(filters=5, **small))},
    published={"four": {"test_accuracy": 0.5}},
)
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the searched study in it, and what the command printed."""
    folder = tmp_path_factory.mktemp("end_to_end")
    file, home = folder / "whole.py", folder / "home"
    file.write_text(SPACE, encoding="utf-8")
    command = [sys.executable, "-m", "nas", "search", str(file), "--home", str(home), "--trials", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "told.json").write_text(done.stdout, encoding="utf-8")
    return home


@pytest.mark.slow
def test_storage_holds_every_trial_with_its_true_end(home: Path) -> None:
    study = optuna.load_study(study_name="whole", storage=f"sqlite:///{home / 'optuna.db'}")
    names = study.user_attrs["names"]
    newest_first = reversed(study.trials)  # later duplicates bear the names as well
    by_baseline = {names.get(t.user_attrs["hash"], ["drawn"])[0]: t for t in newest_first}
    four, mine, broken = (by_baseline[name] for name in ("four", "mine", "broken"))
    assert by_baseline["deadly"].state == TrialState.FAIL
    assert by_baseline["deadly"].user_attrs["cause"].startswith("the worker process died 3 times: ")
    assert (four.state, mine.state) == (TrialState.COMPLETE, TrialState.COMPLETE)
    assert four.params == {"model": "convnet", "model.convnet.filters": 4}
    assert four.values == [four.user_attrs["metrics"]["val_accuracy"], four.user_attrs["cost"]["params"]]
    assert mine.user_attrs["cost"]["params"] == 64 * 10 + 10
    assert broken.state == TrialState.FAIL
    assert broken.user_attrs["cause"] == "ArithmeticError: this layer always breaks"
    assert sum(t.state in (TrialState.COMPLETE, TrialState.FAIL) for t in study.trials) == 5
    references = optuna.load_study(study_name="whole.references", storage=f"sqlite:///{home / 'optuna.db'}")
    assert [t.state for t in references.trials] == [TrialState.COMPLETE]


@pytest.mark.slow
def test_mlflow_holds_the_same(home: Path) -> None:
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("whole")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {"baseline four, again", "baseline mine", "baseline broken", "outside"} <= runs.keys()
    data = runs.pop("data")
    assert {file.path for file in client.list_artifacts(data.info.run_id)} >= {"class_counts.json", "samples.png"}
    assert len(runs) == 6
    study = optuna.load_study(study_name="whole", storage=f"sqlite:///{home / 'optuna.db'}")
    for trial in study.trials:
        if trial.state != TrialState.COMPLETE:
            continue
        [run] = [run for run in runs.values() if run.data.tags["nas.uid"] == f"whole/{trial.number}"]
        assert run.info.status == "FINISHED"
        history = client.get_metric_history(run.info.run_id, "val_loss")
        assert [(m.step, m.value) for m in history] == [(p["epoch"], p["val_loss"]) for p in trial.user_attrs["curve"]]
        assert run.data.metrics["test_accuracy"] == trial.user_attrs["metrics"]["test_accuracy"]
        assert run.data.params["model"] == trial.params["model"]


@pytest.mark.slow
def test_leaderboard_as_json_says_the_same(home: Path) -> None:
    told: dict[str, Any] = json.loads((home.parent / "told.json").read_text(encoding="utf-8"))
    rows = {row["reference"] or (row["baseline"] or ["drawn"])[0]: row for row in told["leaderboard"]}
    assert rows["four"]["baseline"] == ["four", "again"]
    assert rows["four"]["published"] == {"four": {"test_accuracy": 0.5}}
    assert rows["outside"]["number"] is None
    assert rows["broken"]["state"] == "failed"
    assert rows["broken"]["val_accuracy"] is None
    assert all(row["mlflow_run_id"] for row in told["leaderboard"])


@pytest.mark.slow
def test_kept_weights_can_be_loaded(home: Path) -> None:
    folders = sorted((home / "artifacts" / "whole").iterdir())
    assert folders
    for folder in folders:
        if "mine" not in (folder / "config.json").read_text(encoding="utf-8"):
            model, config, _ = load_model(folder)
            assert sum(p.numel() for p in model.parameters()) > 0
            assert config.epochs == 2
    assert not list((home / "checkpoints").rglob("*.pt"))
