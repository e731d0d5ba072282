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

from nas.config import (
    MLP,
    Adam,
    Backbone,
    ConvNet,
    Dense,
    Diabetes,
    Digits,
    EarlyStopping,
    Frozen,
    Phase,
    Top,
    TrialConfig,
)
from nas.data.splits import Splits, load_splits
from nas.records import DataPlace, EpochMetrics, TrialResult, Unfinished
from nas.search.executors.attempt import attempt
from nas.space.config import Config
from nas.training.scaling import Scaling
from nas.training.weights import load_model
from nas.trial import Diverged, TrialJob, run_trial

MODEL = ConvNet(conv_layers=1, filters=8, dense_layers=1, dense_width=16, batch_norm=True, dropout=0.1)
CONFIG = TrialConfig(data=Digits(), model=MODEL, optimizer=Adam(lr=0.01), epochs=100, precision="fp32", seed=5)
CURVE = {"train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds", "images_per_second"}

Curve = list[dict[str, float]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> DataPlace:
    return DataPlace(data_dir=tmp_path_factory.mktemp("data"), cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take most of a short trial."""
    monkeypatch.setattr("nas.training.findings.classification.can_draw", lambda: False)
    monkeypatch.setattr("nas.training.findings.regression.can_draw", lambda: False)


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
        *("test_loss", "test_accuracy", "last_val_accuracy", "macro_precision", "macro_recall", "macro_f1"),
        *("weighted_precision", "weighted_recall", "weighted_f1"),
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
    files = {"weights.safetensors", "config.json", "data.json", "findings"}
    assert {file.name for file in job.weights.iterdir()} == files
    _, config, data = load_model(job.weights)
    assert config == CONFIG.replace(epochs=3)
    assert (data["shape"], data["class_names"]) == ([1, 8, 8], list(splits.info.class_names))
    assert (data["task"], data["scale"], data["target"]) == ("classification", 255, None)
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
    assert not any(name.startswith(("test", "macro", "weighted")) for name in result.metrics)
    assert result.folder is None
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


def test_findings_lie_beside_the_weights(job: TrialJob) -> None:
    result, _ = run(job)
    assert result.folder == job.weights / "findings"
    assert "report.json" in {file.name for file in result.folder.iterdir()}


def test_a_trial_does_without_findings(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("nas.training.findings.write", fail)
    result, _ = run(job)
    assert result.metrics["test_accuracy"] > 0
    assert result.folder is None
    assert result.details["warnings"] == ["findings were not written: OSError: [Errno 5] Input/output error"]
    assert (job.weights / "weights.safetensors").exists()


def test_findings_that_find_no_room_leave_the_trial_unfinished(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device", "report.json")

    monkeypatch.setattr("nas.training.findings.write", fail)
    outcome = attempt(job, lambda point: True)
    todo = "make space, then the same command goes on"
    assert outcome == Unfinished(f"report.json: the disk is full (No space left on device); {todo}")
    assert not (job.weights / "weights.safetensors").exists()


def replicated(job: TrialJob, folder: Path, **changes: Any) -> TrialJob:
    config = CONFIG.replace(replicates=2, **changes)
    return dataclasses.replace(job, config=config, folder=folder / "checkpoints", weights=folder / "weights")


def test_replicates_are_the_trials_of_their_seeds(job: TrialJob, tmp_path: Path) -> None:
    together, curve = run(replicated(job, tmp_path / "both"))
    singles = []
    for seed in (5, 6):
        folder = tmp_path / str(seed)
        config = CONFIG.replace(seed=seed)
        single = dataclasses.replace(job, config=config, folder=folder / "checkpoints", weights=folder / "weights")
        singles.append((run(single), folder / "weights"))
    results = [result for (result, _), _ in singles]
    for name in ("val_accuracy", "test_loss", "train_accuracy", "macro_f1", "last_val_accuracy"):
        values = [result.metrics[name] for result in results]
        assert together.metrics[name] == pytest.approx(sum(values) / 2)
        if name.startswith(("val_", "test_")):
            assert together.metrics[f"{name}_std"] == pytest.approx(abs(values[0] - values[1]) / math.sqrt(2))
    for point, one, other in zip(curve, *(curve for (_, curve), _ in singles), strict=True):
        assert point["val_loss"] == pytest.approx((one["val_loss"] + other["val_loss"]) / 2)

    told: Any = together.details["replicates"]
    assert [row["seed"] for row in told] == [5, 6]
    assert [row["test_loss"] for row in told] == [result.metrics["test_loss"] for result in results]
    json.dumps(told)

    kept = 0 if results[0].metrics["val_accuracy"] >= results[1].metrics["val_accuracy"] else 1
    ours, config, _ = load_model(tmp_path / "both" / "weights")
    best, _, _ = load_model(singles[kept][1])
    assert config.seed == together.details["seed"] == 5 + kept
    for name, tensor in best.state_dict().items():
        assert torch.equal(ours.state_dict()[name], tensor)


def test_replicates_that_were_stopped_tell_what_they_reached(job: TrialJob, tmp_path: Path) -> None:
    result, curve = run(replicated(job, tmp_path), lambda metrics: metrics.epoch < 2)
    assert (result.epochs, result.stopped_early, len(curve)) == (2, True, 2)
    assert result.metrics["val_loss"] == pytest.approx(curve[-1]["val_loss"])
    assert result.metrics["val_loss_std"] > 0
    told: Any = result.details["replicates"]
    assert [row["seed"] for row in told] == [5, 6]


def test_broken_off_replicates_go_on(job: TrialJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.training.checkpoint.CheckpointFolder.due", lambda self: True)
    straight, straight_curve = run(replicated(job, tmp_path / "straight"))

    def broken_off(metrics: EpochMetrics) -> bool:
        if metrics.epoch == 2:
            raise InterruptedError
        return True

    with pytest.raises(InterruptedError):
        run(replicated(job, tmp_path / "broken"), broken_off)
    resumed, resumed_curve = run(replicated(job, tmp_path / "broken"))
    assert resumed_curve == straight_curve
    assert resumed.metrics["test_loss"] == straight.metrics["test_loss"]


def test_numbers_instead_of_classes(job: TrialJob, place: DataPlace) -> None:
    config = TrialConfig(
        data=Diabetes(), model=MLP(layers=(Dense(width=8),)), optimizer=Adam(lr=0.01), batch_size=32, precision="fp32"
    )
    result, curve = run(dataclasses.replace(job, config=config, epochs=30))
    figures = ("loss", "mse", "mae", "r2")
    assert set(curve[0]) == {"epoch", "lr", *(f"{part}_{name}" for part in ("train", "val") for name in figures)}
    assert {*(f"test_{name}" for name in figures), "last_val_r2"} < set(result.metrics)
    assert result.metrics["val_r2"] > 0.2

    model, _, data = load_model(job.weights)
    splits = load_splits(config.data, place, config.seed)
    mean, deviation = data["target"]
    with torch.no_grad():
        predicted = model(Scaling.from_data(data)(splits.test.pixels)).squeeze(1) * deviation + mean
    assert (predicted - splits.test.labels).square().mean().item() == pytest.approx(result.metrics["test_mse"])


@pytest.mark.slow
def test_a_pretrained_backbone_in_two_phases(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Backbone("mobilenet_v2", unfreeze=Frozen())
    phases = (Phase(begins=0.5, unfreeze=Top(3), optimizer=Adam(lr=1e-4)),)
    data = Digits(channels=3, image_size=32, limit=60)
    config = TrialConfig(data=data, model=model, phases=phases, batch_size=16, precision="fp32")
    loaded: dict[str, torch.Tensor] = {}

    def load(module: torch.nn.Module, wanted: object, place: DataPlace) -> None:
        assert (wanted, place) == (model, job.place)
        loaded.update({name: tensor.clone() for name, tensor in module.state_dict().items()})

    monkeypatch.setattr("nas.trial.load_pretrained", load)
    result, _ = run(dataclasses.replace(job, config=config, epochs=2))
    assert "test_accuracy" in result.metrics
    trained, kept, _ = load_model(job.weights)
    assert kept == config.replace(epochs=2)
    same = [torch.equal(tensor, loaded[name]) for name, tensor in trained.state_dict().items()]
    changed = [name for name, equal in zip(loaded, same, strict=True) if not equal]
    assert same[: len(same) - len(changed)] == [True] * (len(same) - len(changed))  # the last ones alone
    assert 4 <= len(changed) <= 9  # two convolutions or norms of the backbone and the classifier


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
from nas.config import *
from nas.records import DataPlace
here = Path(sys.argv[1])
config = TrialConfig(
    data=Digits(), model=ConvNet(conv_layers=1, filters=2, l2=0.1), schedule=ReduceOnPlateau(),
    augmentation=Augmentation(rotation=10), regularisation=Regularisation(clip_gradients=1.0, clip_weights=1.0),
)
for number, optimizer in enumerate((Adam(), AdamW(), SGD(), RMSprop(), Adadelta())):
    folder = here / str(number)
    config = config.replace(optimizer=optimizer)
    job = TrialJob("s", number, config, 1, folder / "checkpoints", folder / "weights", DataPlace(here, here))
    assert "warnings" not in run_trial(job, lambda metrics: True).details
print([name for name in ("ray", "optuna", "mlflow", "pandas", "torch._dynamo") if name in sys.modules])
"""


def output_of(script: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_training_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    assert output_of(IMPORTS, tmp_path) == "[]\n"


ALONE = """
import sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from re import match

def needed(names):
    for name in {name.lower() for name in names} - known:
        known.add(name)
        try:
            lines = requires(name) or []
        except ModuleNotFoundError:
            continue
        needed(match("[A-Za-z0-9._-]+", line)[0].replace("_", "-") for line in lines if "extra ==" not in line)

known = set()
needed(["torch", "torchvision", "numpy", "pydantic"])
absent = {
    name for name, owners in packages_distributions().items()
    if not known & {owner.lower().replace("_", "-") for owner in owners} and name != "nas"
}

class Present(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in absent else super().find_spec(name, path, target)

sys.meta_path = [Present if finder is PathFinder else finder for finder in sys.meta_path]

import numpy
from PIL import Image
from nas.config import *
from nas.records import DataPlace
from nas.trial import TrialJob, run_trial
here = Path(sys.argv[1])
random = numpy.random.default_rng(0)
for number in range(60):
    path = here / "images" / "abc"[number % 3] / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random.integers(0, 256, (12, 12, 3), "uint8")).save(path)
config = TrialConfig(
    data=ImageFolder(path=str(here / "images"), image_size=12), model=ConvNet(conv_layers=1, filters=2),
    augmentation=Augmentation(rotation=10, brightness=0.1, erase=0.1, mixup=0.2),
)
result = run_trial(
    TrialJob("s", 0, config, 1, here / "checkpoints", here / "weights", DataPlace(here, here)), lambda metrics: True
)
print(sorted({"ray", "sklearn", "matplotlib", "mlflow"} - absent), result.details.get("warnings"))
"""


@pytest.mark.slow
def test_training_runs_with_torch_torchvision_numpy_and_pydantic_alone(tmp_path: Path) -> None:
    assert output_of(ALONE, tmp_path) == "[] None\n"
