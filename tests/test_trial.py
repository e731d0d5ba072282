import dataclasses
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from nas import Adam, Config, ConvNet, Digits, EarlyStopping, TrialConfig
from nas.data.splits import Splits, load_splits
from nas.records import DataPlace, EpochMetrics, TrialResult
from nas.training.weights import load_model
from nas.trial import Diverged, TrialJob, run_trial

MODEL = ConvNet(conv_layers=1, filters=8, dense_layers=1, dense_width=16, batch_norm=True, dropout=0.1)
CONFIG = TrialConfig(data=Digits(), model=MODEL, optimizer=Adam(lr=0.01), epochs=100, precision="fp32", seed=5)
CURVE = {"train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds", "images_per_second"}

Curve = list[dict[str, float]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> DataPlace:
    return DataPlace(data_dir=tmp_path_factory.mktemp("data"), cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def job(tmp_path: Path, place: DataPlace) -> TrialJob:
    return TrialJob("digits", 7, CONFIG, 3, tmp_path / "checkpoints", tmp_path / "weights" / "7", place)


@pytest.fixture(scope="module")
def splits(place: DataPlace) -> Splits:
    return load_splits(CONFIG.data, place, CONFIG.seed)


def run(job: TrialJob, keep_on: Callable[[EpochMetrics], bool] = lambda metrics: True) -> tuple[TrialResult, Curve]:
    """The result and what was reported, without times."""
    curve: Curve = []

    def report(metrics: EpochMetrics) -> bool:
        values = {name: value for name, value in metrics.values.items() if name not in ("seconds", "images_per_second")}
        curve.append({"epoch": metrics.epoch, **values})
        return keep_on(metrics)

    return run_trial(job, report), curve


def predict(folder: Path, splits: Splits) -> torch.Tensor:
    model, _, data = load_model(folder)
    mean, std = (torch.tensor(data[name]).view(-1, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        predicted: torch.Tensor = model((splits.test.pixels / 255 - mean) / std).argmax(1)
    return predicted


def test_job_in_result_out(job: TrialJob, splits: Splits) -> None:
    result, curve = run(job)
    assert [point["epoch"] for point in curve] == [1, 2, 3]
    assert (result.epochs, result.best_epoch, result.stopped_early) == (3, 3, False)
    assert set(result.metrics) == (CURVE - {"lr"}) | {
        *("test_loss", "test_accuracy", "macro_precision", "macro_recall", "macro_f1", "last_val_accuracy")
    }
    assert all(math.isfinite(value) for value in result.metrics.values())
    for name in ("val_loss", "val_accuracy"):
        assert result.metrics[name] == curve[-1][name]
    assert result.metrics["last_val_accuracy"] == curve[-1]["val_accuracy"]

    assert result.details["class_names"] == [str(digit) for digit in range(10)]
    told = [result.details[name] for name in ("device", "precision", "threads", "torch", "seed")]
    assert told == ["cpu", "fp32", 1, torch.__version__, 5]
    confusion = torch.tensor(result.details["confusion_matrix"])
    assert confusion.sum(1).tolist() == splits.test.labels.bincount().tolist()
    assert confusion.diagonal().sum() / confusion.sum() == pytest.approx(result.metrics["test_accuracy"])
    json.dumps(dict(result.details))


def test_train_figures_are_of_the_whole_train_part(job: TrialJob, splits: Splits) -> None:
    result, curve = run(job)
    found = result.metrics["train_accuracy"] * len(splits.train)
    assert found == pytest.approx(round(found))
    sampled = curve[-1]["train_accuracy"] * len(splits.val)
    assert sampled == pytest.approx(round(sampled))


def test_the_weights_load_back_and_predict_the_same(job: TrialJob, splits: Splits) -> None:
    result, _ = run(job)
    assert {file.name for file in job.weights.iterdir()} == {"weights.pt", "config.json", "data.json"}
    _, config, data = load_model(job.weights)
    assert config == CONFIG.replace(epochs=3)
    assert (data["shape"], data["class_names"]) == ([1, 8, 8], list(splits.info.class_names))
    predicted = predict(job.weights, splits)
    confusion = torch.bincount(splits.test.labels * 10 + predicted, minlength=100).reshape(10, 10)
    assert confusion.tolist() == result.details["confusion_matrix"]


def test_with_early_stopping_the_best_epoch_is_kept(job: TrialJob, splits: Splits) -> None:
    stopping = CONFIG.replace(early_stopping=EarlyStopping(patience=1), optimizer=Adam(lr=0.1))
    result, curve = run(dataclasses.replace(job, config=stopping, epochs=50))
    accuracies = [point["val_accuracy"] for point in curve]
    best = accuracies.index(max(accuracies)) + 1
    assert (result.epochs, result.best_epoch, result.stopped_early) == (best + 1, best, False)
    assert result.metrics["val_accuracy"] == accuracies[best - 1] > result.metrics["last_val_accuracy"]
    assert result.metrics["val_loss"] == curve[best - 1]["val_loss"]
    found = (predict(job.weights, splits) == splits.test.labels).double().mean().item()
    assert found == pytest.approx(result.metrics["test_accuracy"])


def test_a_stopped_trial_is_not_tested(job: TrialJob) -> None:
    result, curve = run(job, lambda metrics: metrics.epoch < 2)
    assert (result.epochs, result.best_epoch, result.stopped_early, len(curve)) == (2, None, True, 2)
    assert result.metrics["val_accuracy"] == curve[-1]["val_accuracy"]
    assert not any(name.startswith(("test", "macro")) for name in result.metrics)
    assert not job.weights.exists()


def test_same_job_same_numbers(job: TrialJob, tmp_path: Path) -> None:
    torch.rand(3)  # a worker has a past
    again = dataclasses.replace(job, number=8, folder=tmp_path / "other", weights=tmp_path / "weights" / "8")
    (first, first_curve), (second, second_curve) = run(job), run(again)
    assert first_curve == second_curve
    assert first.details == second.details
    assert first.metrics["test_loss"] == second.metrics["test_loss"]


def test_a_broken_off_trial_goes_on(job: TrialJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.training.checkpoint.CheckpointFolder.due", lambda self: True)
    straight, straight_curve = run(dataclasses.replace(job, folder=tmp_path / "other", weights=tmp_path / "other"))

    def broken_off(metrics: EpochMetrics) -> bool:
        if metrics.epoch == 2:
            raise InterruptedError
        return True

    with pytest.raises(InterruptedError):
        run(job, broken_off)
    resumed, resumed_curve = run(job)
    assert resumed_curve == straight_curve
    assert resumed.metrics["test_loss"] == straight.metrics["test_loss"]
    assert resumed.details == straight.details


class Slope(Config):
    """A config that is no network."""

    by: float = 0.5


def climb(config: Slope, budget: int) -> Iterator[Mapping[str, float]]:
    for step in range(1, budget + 1):
        yield {"score": config.by * step, "val_accuracy": step / 10}


def test_an_objective_in_place_of_training(job: TrialJob) -> None:
    result, curve = run(dataclasses.replace(job, config=Slope(), objective=climb, epochs=4))
    assert curve == [{"epoch": n, "score": n / 2, "val_accuracy": n / 10} for n in (1, 2, 3, 4)]
    assert (result.epochs, result.stopped_early) == (4, False)
    assert [result.metrics[name] for name in ("score", "val_accuracy", "last_val_accuracy")] == [2.0, 0.4, 0.4]
    assert result.metrics["seconds"] >= 0
    assert not job.folder.exists()
    assert not job.weights.exists()


def test_an_objective_can_be_stopped(job: TrialJob) -> None:
    result, curve = run(
        dataclasses.replace(job, config=Slope(), objective=climb, epochs=4), lambda metrics: metrics.epoch < 2
    )
    assert (result.epochs, result.stopped_early, len(curve)) == (2, True, 2)
    assert result.metrics["score"] == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_objective_can_diverge(job: TrialJob, value: float) -> None:
    def diverge(config: Any, budget: int) -> Iterator[Mapping[str, float]]:
        yield {"score": 1.0}
        yield {"score": value}

    with pytest.raises(Diverged, match=f"^score is {value} in epoch 2$"):
        run(dataclasses.replace(job, config=Slope(), objective=diverge))


def test_an_objective_must_yield(job: TrialJob) -> None:
    with pytest.raises(ValueError, match="yielded nothing for a budget of 3"):
        run(dataclasses.replace(job, config=Slope(), objective=lambda config, budget: iter(())))


IMPORTS = """
import sys
from pathlib import Path
from nas.trial import TrialJob, run_trial
from nas import *
from nas.records import DataPlace
here = Path(sys.argv[1])
config = TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, filters=2), schedule=ReduceOnPlateau())
job = TrialJob("s", 0, config, 1, here / "checkpoints", here / "weights", DataPlace(here, here))
run_trial(job, lambda metrics: True)
print([name for name in ("ray", "optuna", "mlflow", "pandas", "torch._dynamo") if name in sys.modules])
"""


@pytest.mark.slow
def test_training_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", IMPORTS, str(tmp_path)]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert output == "[]\n"
