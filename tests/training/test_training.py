import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nas.config import (
    MLP,
    SGD,
    Adam,
    All,
    Augmentation,
    Backbone,
    Constant,
    Cosine,
    Dense,
    Diabetes,
    EarlyStopping,
    Frozen,
    OneCycle,
    Phase,
    ReduceOnPlateau,
    Regularisation,
    TrialConfig,
    Unfreeze,
)
from nas.data.splits import Images, Splits
from nas.models.build import build_model
from nas.records import DataInfo
from nas.training.checkpoint import CheckpointFolder
from nas.training.fit import fit
from nas.training.training import Training

Train = Callable[..., Any]
Build = Callable[[TrialConfig], nn.Module]


class Freezable(nn.Module):
    """A backbone in small: one convolution with batch norm, and a head that is always trained."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(64, 3)
        self.frozen = False
        self.set_trained(Frozen())

    def set_trained(self, unfreeze: Unfreeze) -> None:
        self.frozen = not unfreeze.chosen(1)
        for layer in (self.convolution, self.norm):
            layer.requires_grad_(not self.frozen)

    def train(self, mode: bool = True) -> "Freezable":
        super().train(mode)
        self.norm.train(mode and not self.frozen)
        return self

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.norm(self.convolution(images)).relu().flatten(1))
        return scores


@pytest.fixture
def two_phases(config: TrialConfig) -> TrialConfig:
    phases = (Phase(begins=0.5, unfreeze=All(), optimizer=Adam(lr=1e-3), schedule=Cosine()),)
    return config.replace(model=Backbone("mobilenet_v2", unfreeze=Frozen()), phases=phases)


def freezable(config: TrialConfig, splits: Splits) -> Training:
    torch.manual_seed(config.seed)
    return Training(Freezable(), splits, config)


def weights(training: Training) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in training.model.state_dict().items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """The layers in which something differs."""
    return {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}


def test_a_phase_unfreezes_layers_and_starts_optimizer_and_schedule_anew(
    two_phases: TrialConfig, splits: Splits
) -> None:
    training = freezable(two_phases, splits)
    states = [weights(training)]
    optimizers = []
    for _ in range(6):
        training.advance()
        states.append(weights(training))
        optimizers.append(training.optimizer)
    assert changed(states[0], states[3]) == {"head"}
    assert changed(states[3], states[4]) == {"convolution", "norm", "head"}
    assert optimizers[0] is optimizers[2] is not optimizers[3] is optimizers[5]
    steps = {int(state["step"]) for state in training.optimizer.state.values()}
    assert steps == {3 * 5}  # epochs of this phase x batches
    rates = [metrics.values["lr"] for metrics in training.history]
    assert rates == pytest.approx([0.01] * 3 + [1e-3, 0.75e-3, 0.25e-3])


def test_only_the_last_phase_ends_early_and_its_patience_begins_anew(two_phases: TrialConfig, splits: Splits) -> None:
    training = freezable(two_phases.replace(early_stopping=EarlyStopping(patience=1)), splits)
    training.stopping.observe(1, {"val_accuracy": 2.0}, training.model)  # never reached again
    epochs_until_the_end = 0
    while not training.ended:
        training.advance()
        epochs_until_the_end += 1
    assert epochs_until_the_end == 4  # three frozen, one of the last phase
    assert training.kept_epoch == 1


@pytest.mark.parametrize("cut", [1, 3, 4])
def test_phases_go_on_after_a_break(two_phases: TrialConfig, splits: Splits, cut: int) -> None:
    straight, first, second = (freezable(two_phases, splits) for _ in range(3))
    for _ in range(6):
        straight.advance()
    for _ in range(cut):
        first.advance()
    second.load_state_dict(first.state_dict())
    for _ in range(6 - cut):
        second.advance()
    assert not changed(weights(straight), weights(second))
    assert [m.values["val_loss"] for m in second.history] == [m.values["val_loss"] for m in straight.history]


def test_frozen_weights_do_not_decay_and_are_not_clipped(two_phases: TrialConfig, splits: Splits) -> None:
    config = two_phases.replace(
        model=Backbone("mobilenet_v2", unfreeze=Frozen(), l1=0.1, l2=0.1),
        optimizer=SGD(weight_decay=0.1),
        regularisation=Regularisation(clip_weights=1e-3),
    )
    training = freezable(config, splits)
    before = weights(training)
    training.advance()
    assert changed(before, weights(training)) == {"head"}
    assert training.model.get_parameter("head.weight").abs().max() <= 1e-3


@pytest.mark.parametrize(("size", "steps"), [(None, 5), (32, 2), (200, 13), (65, 4)])
def test_an_epoch_has_so_many_images(
    config: TrialConfig, splits: Splits, build: Build, size: int | None, steps: int
) -> None:
    training = Training(build(config), splits, config.replace(images_per_epoch=size))
    training.advance()
    assert {int(state["step"]) for state in training.optimizer.state.values()} == {steps}


def test_the_rate_moves_with_every_step(
    config: TrialConfig, splits: Splits, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config.replace(schedule=OneCycle(rise=0.5), optimizer=SGD(lr=0.1), epochs=2, batch_size=15)
    training = Training(build(config), splits, config)
    used = []
    step = type(training.optimizer).step
    monkeypatch.setattr(
        type(training.optimizer),
        "step",
        lambda self: used.append(self.param_groups[0]["lr"]) or step(self),  # type: ignore[func-returns-value]
    )
    training.advance()
    training.advance()
    assert used == pytest.approx([training.schedule.at(step / 5) for step in range(10)])
    assert used[0] == pytest.approx(0.1 / 25)
    assert used[5] == max(used) == pytest.approx(0.1)
    assert [metrics.values["lr"] for metrics in training.history] == [used[4], used[9]]


class Blank(Augmentation, kind="blank"):
    """Every training image becomes black."""

    def transform(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.zeros_like(images)


def test_only_training_images_are_augmented(
    config: TrialConfig, splits: Splits, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(build(config), splits, config.replace(augmentation=Blank()))
    seen: dict[bool, list[float]] = {True: [], False: []}
    training.model.register_forward_pre_hook(
        lambda module, inputs: seen[module.training].append(float(inputs[0].std()))
    )
    training.advance()
    assert max(seen[True]) < 1e-6
    assert min(seen[False]) > 0.5


def test_augmentation_follows_the_seed_and_is_new_in_every_epoch(
    config: TrialConfig, splits: Splits, build: Build
) -> None:
    seen: list[list[Tensor]] = []
    for seed in (3, 3, 4):
        varied = config.replace(augmentation=Augmentation(brightness=0.5), seed=seed, batch_size=75)
        training = Training(build(varied), splits, varied)
        seen.append([])
        training.model.register_forward_pre_hook(
            lambda module, inputs: seen[-1].append(inputs[0].sort(0).values) if module.training else None
        )
        training.advance()
        training.advance()
    first, again, other = seen
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"regularisation": Regularisation(label_smoothing=0.5)},
        {"regularisation": Regularisation(clip_gradients=1e-3), "optimizer": SGD()},
        {"regularisation": Regularisation(clip_weights=0.1)},
        {"class_balanced": True},
        {"augmentation": Augmentation(mixup=0.5)},
        {"input_scaling": "unit"},
    ],
)
def test_each_of_these_matters(train: Train, config: TrialConfig, changes: dict[str, Any]) -> None:
    plain = config.replace(epochs=2, optimizer=changes.get("optimizer", config.optimizer))
    ours, others = (train(each).history[-1].values["val_loss"] for each in (plain.replace(**changes), plain))
    assert ours != others


def table() -> Splits:
    """y = 300 + 40 a - 20 b of columns in units of their own, with a little noise."""
    random = torch.Generator().manual_seed(1)

    def rows(count: int) -> Images:
        standard = torch.randn(count, 2, generator=random)
        noise = torch.randn(count, generator=random)
        labels = 300 + 40 * standard[:, 0] - 20 * standard[:, 1] + noise
        return Images((standard * torch.tensor([3.0, 0.01]) + torch.tensor([50, -1])).view(count, 2, 1, 1), labels)

    train, val, test = rows(200), rows(50), rows(50)
    columns = train.pixels.flatten(1)
    target = (train.labels.mean().item(), train.labels.std(correction=0).item())
    info = DataInfo((2, 1, 1), (), {"train": 200, "val": 50, "test": 50}, digest="1" * 16)
    return Splits(train, val, test, info, columns.mean(0), columns.std(0, correction=0), target)


@pytest.fixture
def regression(config: TrialConfig) -> TrialConfig:
    return config.replace(
        data=Diabetes(), model=MLP(layers=(Dense(width=16),)), schedule=ReduceOnPlateau(metric="val_r2"), epochs=12
    )


def test_numbers_are_learned_in_the_same_loop(regression: TrialConfig, tmp_path: Path) -> None:
    splits = table()
    torch.manual_seed(0)
    config = regression.replace(early_stopping=EarlyStopping(metric="val_mse", patience=3))
    training = Training(build_model(config.model, (2, 1, 1), 1), splits, config)
    history = fit([training], lambda metrics: True, CheckpointFolder(tmp_path)).history
    values = history[training.kept_epoch - 1].values
    assert values["val_r2"] > 0.95
    assert values["val_mse"] == min(metrics.values["val_mse"] for metrics in history)
    assert {f"{part}_{name}" for part in ("train", "val") for name in ("loss", "mse", "mae", "r2")} < set(values)
    assert "val_accuracy" not in values


def test_a_targets_unit_does_not_matter(regression: TrialConfig) -> None:
    splits = table()
    assert splits.target is not None
    mean, deviation = splits.target

    def hundredfold(images: Images) -> Images:
        return dataclasses.replace(images, labels=100 * images.labels)

    train, val, test = map(hundredfold, (splits.train, splits.val, splits.test))
    cents = Splits(train, val, test, splits.info, splits.mean, splits.std, (100 * mean, 100 * deviation))
    found = []
    for data in (splits, cents):
        torch.manual_seed(0)
        training = Training(build_model(regression.model, (2, 1, 1), 1), data, regression)
        training.advance()
        found.append(training.history[0].values)
    assert found[1]["val_loss"] == pytest.approx(found[0]["val_loss"], rel=1e-3)
    assert found[1]["val_mae"] == pytest.approx(100 * found[0]["val_mae"], rel=1e-3)


def test_a_warm_up_shows_in_the_curve(train: Train, config: TrialConfig) -> None:
    history = train(config.replace(schedule=Constant(warm_up=2), epochs=4)).history
    assert [metrics.values["lr"] for metrics in history] == pytest.approx([0.01 * 0.4, 0.01 * 0.9, 0.01, 0.01], rel=0.1)
