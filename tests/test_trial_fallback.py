"""A trial that diverges in bf16, which `auto` had chosen, goes on in fp32."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nas.config import SGD, Adam, ConvNet, Digits, Model, TrialConfig
from nas.data.splits import load_splits
from nas.job import TrialJob
from nas.models.build import build_model
from nas.records import DataPlace, EpochMetrics, TrialResult
from nas.search.executors.attempt import attempt
from nas.training.training import Training
from nas.trial import Diverged, run_trial

STEPS = 2  # an epoch
Curve = list[dict[str, float]]


class Fragile(Model, kind="fragile"):
    """A network that has no numbers after so many epochs: in bf16, or always."""

    epochs: int
    always: bool = False

    def build(self, shape: Any, classes: int) -> nn.Module:
        return FragileNet(shape[1] * shape[2], classes, self.epochs * STEPS, self.always)


class FragileNet(nn.Module):
    steps: Tensor

    def __init__(self, pixels: int, classes: int, after: int, always: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 16), nn.Dropout(0.2), nn.Linear(16, classes))
        self.after, self.always = after, always
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        self.steps += self.training
        breaks = self.always or torch.is_autocast_enabled("cpu")
        outputs: Tensor = self.layers(images)
        return outputs * float("nan") if breaks and self.steps > self.after else outputs


@pytest.fixture(autouse=True)
def bf16_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.training.precision.has_fast_bf16", lambda device: True)
    monkeypatch.setattr("nas.training.findings.classification.can_draw", lambda: False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> DataPlace:
    return DataPlace(data_dir=tmp_path_factory.mktemp("data"), cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def job(tmp_path: Path, place: DataPlace) -> TrialJob:
    return TrialJob("digits", 7, config(Fragile(epochs=1)), 4, tmp_path / "checkpoints", tmp_path / "weights", place)


def config(model: Model, **changes: Any) -> TrialConfig:
    data = Digits(limit=200)
    plain = TrialConfig(data=data, model=model, optimizer=Adam(lr=0.01), batch_size=128, images_per_epoch=256, seed=5)
    return plain.replace(**changes)


def run(job: TrialJob, **changes: Any) -> tuple[TrialResult, Curve]:
    """The result, and everything that was reported but times. Changed: the config."""
    assert isinstance(job.config, TrialConfig)
    curve: Curve = []

    def report(metrics: EpochMetrics) -> bool:
        values = {name: value for name, value in metrics.values.items() if name not in ("seconds", "images_per_second")}
        curve.append({"epoch": metrics.epoch, **values})
        return True

    return run_trial(dataclasses.replace(job, config=job.config.replace(**changes)), report), curve


def elsewhere(job: TrialJob, name: str) -> TrialJob:
    return dataclasses.replace(job, folder=job.folder.parent / name, weights=job.folder.parent / f"{name}-weights")


def by_epoch(curve: Curve) -> list[dict[str, float]]:
    """What the ledger makes of it: of an epoch that is told again the first word counts."""
    first: dict[float, dict[str, float]] = {}
    for point in curve:
        first.setdefault(point["epoch"], point)
    return list(first.values())


def test_it_goes_on_in_fp32_from_the_epoch_in_which_it_diverged(job: TrialJob) -> None:
    result, curve = run(job, model=Fragile(epochs=2))
    assert result.details["precision"] == "fp32 (bf16 diverged in epoch 3)"
    assert [point["epoch"] for point in curve] == [1, 2, 1, 2, 3, 4]
    assert curve[:2] == curve[2:4]
    assert len(by_epoch(curve)) == result.epochs == 4

    _, in_bf16 = run(elsewhere(job, "bf16"), model=Fragile(epochs=9), precision="bf16")
    _, in_fp32 = run(elsewhere(job, "fp32"), model=Fragile(epochs=9), precision="fp32")
    assert curve[:2] == in_bf16[:2] != in_fp32[:2]
    assert curve[4]["val_loss"] not in (in_bf16[2]["val_loss"], in_fp32[2]["val_loss"])
    assert curve[5]["val_loss"] == pytest.approx(in_fp32[3]["val_loss"], rel=0.05)


def test_one_that_does_not_diverge_stays_in_bf16(job: TrialJob) -> None:
    result, curve = run(job, model=Fragile(epochs=9))
    assert result.details["precision"] == "bf16"
    assert [point["epoch"] for point in curve] == [1, 2, 3, 4]


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_kill_changes_nothing_wherever_it_comes(
    job: TrialJob, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(job.config, TrialConfig)
    model = Fragile(epochs=2)
    straight, straight_curve = run(elsewhere(job, "straight"), model=model)
    monkeypatch.setattr("nas.training.checkpoint.CheckpointFolder.due", lambda self: True)

    def killing(metrics: EpochMetrics) -> bool:
        if metrics.epoch == killed_after:
            raise InterruptedError
        return True

    with pytest.raises(InterruptedError):
        run_trial(dataclasses.replace(job, config=job.config.replace(model=model)), killing)
    resumed, resumed_curve = run(job, model=model)
    assert by_epoch(resumed_curve) == by_epoch(straight_curve)
    assert resumed.metrics["test_loss"] == straight.metrics["test_loss"]
    assert resumed.details == straight.details
    told = [point["epoch"] for point in resumed_curve]
    assert told == ([1, 2, 3, 4] if killed_after == 3 else [1, 2, 1, 2, 3, 4])


def test_bf16_by_name_does_not_fall_back(job: TrialJob) -> None:
    with pytest.raises(Diverged, match=r"^train loss is nan in epoch 2$"):
        run(job, precision="bf16")


def test_what_diverges_in_fp32_as_well_fails(job: TrialJob) -> None:
    assert isinstance(job.config, TrialConfig)
    reported: list[int] = []
    always = dataclasses.replace(job, config=job.config.replace(model=Fragile(epochs=1, always=True)))
    outcome: Any = attempt(always, lambda metrics: reported.append(metrics.epoch) or True)  # type: ignore[func-returns-value]
    assert outcome.cause == "train loss is nan in epoch 2"
    assert reported == [1, 1]


def test_each_replicate_falls_back_on_its_own(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[FragileNet] = []

    def build(model: Any, shape: Any, classes: int) -> nn.Module:
        network = FragileNet(64, classes, after=STEPS * (1 if len(built) % 2 else 9), always=False)
        built.append(network)
        return network

    monkeypatch.setattr("nas.trial.build_model", build)
    trainings: list[Any] = []

    def note(given: list[Any]) -> Any:
        trainings.extend(given)
        return given[0]

    monkeypatch.setattr("nas.trial.best_of", note)
    run(job, replicates=2)
    assert [training.fp32_from for training in trainings] == [None, 2]
    assert [training.forward.precision for training in trainings] == ["bf16", "fp32"]


def test_details_tell_a_lowered_micro_batch(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _ = run(elsewhere(job, "plain"), model=Fragile(epochs=9))
    assert "micro_batch" not in plain.details
    forward = FragileNet.forward

    def small(self: FragileNet, images: Tensor) -> Tensor:
        if len(images) > 40:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, images)

    monkeypatch.setattr(FragileNet, "forward", small)
    result, _ = run(job, model=Fragile(epochs=99))
    assert result.details["micro_batch"] == 32
    assert result.metrics["val_loss"] == pytest.approx(plain.metrics["val_loss"], rel=0.3)


def test_too_little_memory_is_a_cause_of_failure(job: TrialJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: FragileNet, images: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nMuch more.")

    monkeypatch.setattr(FragileNet, "forward", full)
    outcome: Any = attempt(job, lambda metrics: True)
    words = "CUDA out of memory. Tried to allocate 20.00 MiB."
    assert outcome.cause == f"out of memory: not even a micro-batch of 1 fits: {words}"


def test_a_network_that_was_laid_out_for_bf16_computes_in_fp32_as_any_other(place: DataPlace) -> None:
    network = ConvNet(conv_layers=2, filters=8, dense_layers=1, dense_width=16, batch_norm=True, max_pool=True)
    trained = config(network)
    splits = load_splits(trained.data, place, trained.seed)
    gradients = []
    for given, fp32_from in ((trained, 1), (trained.replace(precision="fp32"), None)):
        torch.manual_seed(1)
        training = Training(build_model(network, splits.info.shape, 10), splits, given.replace(optimizer=SGD(lr=1e-9)))
        training.fp32_from = fp32_from
        training.advance()
        assert training.forward.precision == "fp32"
        gradients.append(
            torch.cat([each.grad.flatten() for each in training.model.parameters() if each.grad is not None])
        )
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-3, atol=1e-5)  # bf16 has three decimal places
