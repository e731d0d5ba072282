from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.config import (
    SGD,
    Adadelta,
    Adam,
    AdamW,
    Augmentation,
    ConvNet,
    Cosine,
    CosineRestarts,
    EarlyStopping,
    OneCycle,
    Phase,
    ReduceOnPlateau,
    Regularisation,
    RMSprop,
    Step,
    TrialConfig,
)
from nas.data.splits import Images, Splits
from nas.records import EpochMetrics
from nas.training.checkpoint import CheckpointFolder
from nas.training.evaluate import stratified_sample
from nas.training.fit import fit
from nas.training.training import Diverged, Training

Train = Callable[..., Any]
Curve = Callable[[tuple[EpochMetrics, ...]], list[dict[str, Any]]]
Build = Callable[[TrialConfig], nn.Module]

PLAIN = ConvNet(conv_layers=1, filters=4, dense_layers=1, dense_width=8)


GOLDEN_VAL_LOSS = [0.74595, 0.54025, 0.39681, 0.33405]
GOLDEN_TRAIN_LOSS = [0.84956, 0.64848, 0.47986, 0.40766]


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_golden_losses(config: TrialConfig, splits: Splits, tmp_path: Path) -> None:
    """Recorded once; whatever moves them has changed what training does. The network is of this file alone."""
    torch.manual_seed(0)
    convolution = (nn.Conv2d(1, 4, kernel_size=3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
    network = nn.Sequential(*convolution, nn.Dropout(0.2), nn.Linear(64, 3))
    config = config.replace(schedule=ReduceOnPlateau(patience=1), epochs=4)
    history = fit([Training(network, splits, config)], lambda metrics: True, CheckpointFolder(tmp_path)).history
    assert [metrics.values["val_loss"] for metrics in history] == pytest.approx(GOLDEN_VAL_LOSS, rel=2e-3)
    assert [metrics.values["train_loss"] for metrics in history] == pytest.approx(GOLDEN_TRAIN_LOSS, rel=2e-3)


def test_steps_are_those_of_a_loop_written_by_hand(
    train: Train, config: TrialConfig, splits: Splits, build: Build
) -> None:
    config = config.replace(model=PLAIN, optimizer=Adam(lr=0.01, weight_decay=0.1), epochs=3)
    model = build(config)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()]
    order, step = torch.Generator().manual_seed(config.seed), 0
    for _ in range(config.epochs):
        indices = torch.randperm(75, generator=order)
        for chosen in torch.split(indices, 16):
            step += 1
            x = (splits.train.pixels[chosen] / 255 - splits.mean.view(-1, 1, 1)) / splits.std.view(-1, 1, 1)
            loss = cross_entropy(model(x), splits.train.labels[chosen])
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            for p, g, (m, v) in zip(model.parameters(), gradients, moments, strict=True):
                g = g + 0.1 * p.data
                m.mul_(0.9).add_(0.1 * g)
                v.mul_(0.999).add_(0.001 * g * g)
                p.data -= 0.01 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
    trained = train(config).trainings[0].model
    for by_hand, ours in zip(model.parameters(), trained.parameters(), strict=True):
        assert torch.allclose(ours, by_hand, rtol=1e-3, atol=1e-5)


def test_metrics_are_those_of_the_model_in_evaluation_mode(config: TrialConfig, splits: Splits, build: Build) -> None:
    model = build(config)

    def measure(images: Images) -> tuple[float, float]:
        with torch.no_grad():
            logits = model.eval()(splits.normalise(images.pixels))
        loss, found = cross_entropy(logits, images.labels), logits.argmax(1) == images.labels
        return loss.item(), found.float().mean().item()

    def report(metrics: EpochMetrics) -> bool:
        sample = stratified_sample(splits.train, 30, config.seed)
        for part, images in ("train", sample), ("val", splits.val):
            loss, accuracy = measure(images)
            assert metrics.values[f"{part}_loss"] == pytest.approx(loss, rel=1e-5)
            assert metrics.values[f"{part}_accuracy"] == pytest.approx(accuracy)
        return True

    training = Training(model, splits, config.replace(epochs=2))
    fitted = fit([training], report, CheckpointFolder(Path("unused"), least_seconds=1e9))
    assert fitted.history[1].values.keys() == {
        *("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds", "images_per_second")
    }
    assert all(metrics.values["images_per_second"] > 75 / metrics.values["seconds"] for metrics in fitted.history)


def test_same_seed_same_numbers(train: Train, config: TrialConfig, curve: Curve) -> None:
    first, again, other = train(config), train(config), train(config.replace(seed=4))
    assert curve(first.history) == curve(again.history)
    assert same(first.weights[0], again.weights[0])
    assert curve(first.history) != curve(other.history)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="adam, batch norm, dropout"),
        pytest.param({"precision": "bf16"}, id="bf16"),
        pytest.param({"optimizer": SGD(lr=0.05)}, id="momentum"),
        pytest.param({"schedule": Cosine()}, id="cosine"),
        pytest.param({"schedule": ReduceOnPlateau(patience=1)}, id="plateau"),
        pytest.param({"optimizer": AdamW(lr=0.01), "schedule": OneCycle(warm_up=4.5)}, id="adamw, one cycle, warm-up"),
        pytest.param({"optimizer": RMSprop(momentum=0.5), "schedule": CosineRestarts(cycle=2)}, id="rmsprop, restarts"),
        pytest.param({"optimizer": Adadelta(), "schedule": Step(every=2)}, id="adadelta, step"),
        pytest.param({"images_per_epoch": 50}, id="images_per_epoch"),
        pytest.param({"class_balanced": True, "images_per_epoch": 200}, id="class_balanced"),
        pytest.param({"augmentation": Augmentation(rotation=20, brightness=0.2, mixup=0.5)}, id="augmentation"),
        pytest.param(
            {"regularisation": Regularisation(label_smoothing=0.1, clip_gradients=0.5, clip_weights=0.2)},
            id="regularisation",
        ),
        *(
            pytest.param({"phases": (Phase(begins=share, optimizer=SGD(lr=0.01), schedule=Cosine()),)}, id=name)
            for share, name in ((0.3, "phase before the break"), (0.5, "at the break"), (0.7, "after it"))
        ),
        pytest.param(
            {"early_stopping": EarlyStopping(patience=4), "optimizer": SGD(lr=1e-9), "epochs": 12}, id="early stopping"
        ),
    ],
)
def test_resumed_equals_uninterrupted(
    train: Train, train_with_a_break: Train, config: TrialConfig, curve: Curve, changes: dict[str, Any]
) -> None:
    config = config.replace(**changes)
    straight, resumed = train(config), train_with_a_break(config)
    assert curve(resumed.history) == curve(straight.history)
    assert same(resumed.weights[0], straight.weights[0])
    assert resumed.trainings[0].kept_epoch == straight.trainings[0].kept_epoch


def test_all_epochs_are_reported_again_after_a_break(
    train: Train, config: TrialConfig, curve: Curve, tmp_path: Path
) -> None:
    broken_off = train(config, lambda metrics: metrics.epoch < 3, tmp_path)
    reported: list[EpochMetrics] = []

    def report(metrics: EpochMetrics) -> bool:
        reported.append(metrics)
        return True

    resumed = train(config, report, tmp_path)
    assert tuple(reported) == resumed.history
    assert tuple(reported[:3]) == broken_off.history  # times too
    assert curve(resumed.history) == curve(train(config).history)


def test_a_finished_training_is_not_trained_again(train: Train, config: TrialConfig, tmp_path: Path) -> None:
    finished = train(config, folder=tmp_path)
    again = train(config, folder=tmp_path)
    assert again.history == finished.history  # times too: nothing ran
    assert same(again.weights[0], finished.weights[0])


def test_a_damaged_checkpoint_costs_one_epoch(train: Train, config: TrialConfig, curve: Curve, tmp_path: Path) -> None:
    straight = train(config)
    train(config.replace(epochs=4), folder=tmp_path)
    newest = max(tmp_path.iterdir())
    newest.write_bytes(newest.read_bytes()[:-1])
    before = min(tmp_path.iterdir())
    resumed = train(config, folder=tmp_path)
    assert before.name.startswith("epoch-000003")
    assert curve(resumed.history) == curve(straight.history)


def test_early_stopping_keeps_the_weights_of_the_best_epoch(
    config: TrialConfig, splits: Splits, build: Build, tmp_path: Path
) -> None:
    config = config.replace(early_stopping=EarlyStopping(patience=3), epochs=100, optimizer=Adam(lr=0.05))
    model = build(config)
    seen: list[dict[str, Tensor]] = []

    def report(metrics: EpochMetrics) -> bool:
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return True

    training = Training(model, splits, config)
    fitted = fit([training], report, CheckpointFolder(tmp_path))
    accuracies = [metrics.values["val_accuracy"] for metrics in fitted.history]
    best = accuracies.index(max(accuracies)) + 1
    assert (training.kept_epoch, len(fitted.history)) == (best, best + 3)
    assert not fitted.stopped_early
    assert same(seen[best - 1], dict(model.state_dict()))
    assert not same(seen[-1], dict(model.state_dict()))


def test_without_early_stopping_the_last_epoch_is_kept(train: Train, config: TrialConfig) -> None:
    assert train(config).trainings[0].kept_epoch == config.epochs


def test_report_ends_the_training(train: Train, config: TrialConfig) -> None:
    fitted = train(config, lambda metrics: metrics.epoch < 2)
    assert fitted.fitted.stopped_early
    assert [metrics.epoch for metrics in fitted.history] == [1, 2]


def test_report_ends_a_resumed_training_within_its_history(train: Train, config: TrialConfig, tmp_path: Path) -> None:
    train(config.replace(epochs=4), folder=tmp_path)
    reported: list[int] = []
    fitted = train(config, lambda metrics: reported.append(metrics.epoch) or metrics.epoch < 2, tmp_path)  # type: ignore[func-returns-value]
    assert fitted.fitted.stopped_early
    assert reported == [1, 2]
    assert len(fitted.history) == 2


def test_a_loss_that_is_no_number_ends_the_training(train: Train, config: TrialConfig) -> None:
    with pytest.raises(Diverged, match=r"^(train|val) loss is (nan|inf) in epoch 1$"):
        train(config.replace(model=PLAIN, optimizer=SGD(lr=1e30)))


def test_the_rate_of_a_curve_is_the_one_used(train: Train, config: TrialConfig) -> None:
    schedule = ReduceOnPlateau(metric="val_loss", patience=1, factor=0.1)
    history = train(config.replace(schedule=schedule, optimizer=SGD(lr=1e-12))).history
    losses = [metrics.values["val_loss"] for metrics in history]
    expected, best = [1e-12], losses[0]
    for loss in losses[1:]:
        expected.append(expected[-1] if loss < best else expected[-1] * 0.1)
        best = min(best, loss)
    assert [metrics.values["lr"] for metrics in history] == pytest.approx([1e-12, *expected[:-1]])


def test_checkpoints_are_written_when_due(
    config: TrialConfig, splits: Splits, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    saved: list[int] = []

    def report(metrics: EpochMetrics) -> bool:
        nonlocal now
        now += 2  # an epoch takes two seconds
        return True

    monkeypatch.setattr(CheckpointFolder, "save", _noting(saved, CheckpointFolder.save))
    checkpoints = CheckpointFolder(tmp_path, least_seconds=5, clock=lambda: now)
    fit([Training(build(config), splits, config.replace(epochs=9))], report, checkpoints)
    assert saved == [4, 7]


def _noting(saved: list[int], save: Callable[..., None]) -> Callable[..., None]:
    def noting(self: CheckpointFolder, state: dict[str, Any]) -> None:
        saved.append(state["epoch"])
        save(self, state)

    return noting
