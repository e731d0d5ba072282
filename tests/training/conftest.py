"""A tiny data set that a tiny network can learn, and what the tests of training share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from nas import Adam, ConvNet, Digits, TrialConfig
from nas.data.splits import Images, Splits
from nas.models.build import build_model
from nas.records import DataInfo, EpochMetrics
from nas.training.checkpoint import CheckpointFolder
from nas.training.fit import Fitted, Report, fit
from nas.training.training import Training

CLASSES, SHAPE = 3, (1, 6, 6)
TIMES = ("seconds", "images_per_second")


@dataclass
class Trained:
    """What `fit` made of the replicates."""

    trainings: list[Training]
    fitted: Fitted

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        return self.fitted.history

    @property
    def weights(self) -> list[dict[str, torch.Tensor]]:
        return [{name: t.clone() for name, t in each.model.state_dict().items()} for each in self.trainings]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def splits() -> Splits:
    """Three patterns in heavy noise: 75, 30 and 30 images."""
    random = torch.Generator().manual_seed(7)
    patterns = torch.rand(CLASSES, *SHAPE, generator=random)

    def images(count: int) -> Images:
        labels = torch.arange(count) % CLASSES
        noise = torch.rand(count, *SHAPE, generator=random)
        return Images(((0.4 * patterns[labels] + 0.6 * noise) * 255).to(torch.uint8), labels)

    train, val, test = images(75), images(30), images(30)
    info = DataInfo(SHAPE, ("a", "b", "c"), {"train": 75, "val": 30, "test": 30}, digest="0" * 16)
    scaled = train.pixels / 255
    return Splits(train, val, test, info, scaled.mean((0, 2, 3)), scaled.std((0, 2, 3), correction=0))


@pytest.fixture(scope="session")
def config() -> TrialConfig:
    """A network with all that has a state of its own: batch norm, dropout, Adam."""
    model = ConvNet(conv_layers=2, filters=4, dense_layers=1, dense_width=8, batch_norm=True, dropout=0.2)
    return TrialConfig(
        data=Digits(), model=model, optimizer=Adam(lr=0.01), epochs=6, batch_size=16, precision="fp32", seed=3
    )


@pytest.fixture
def build(splits: Splits) -> Callable[[TrialConfig], nn.Module]:
    """A new network for the tiny data, its weights and all later random numbers fixed by the config's seed."""

    def build(config: TrialConfig) -> nn.Module:
        torch.manual_seed(config.seed)
        return build_model(config.model, splits.info.shape, CLASSES)

    return build


@pytest.fixture
def train(splits: Splits, build: Callable[[TrialConfig], nn.Module], tmp_path: Path) -> Callable[..., Trained]:
    """Fit a new network to the tiny data; with a folder it writes a checkpoint after every epoch."""

    def train(config: TrialConfig, report: Report = lambda metrics: True, folder: Path | None = None) -> Trained:
        checkpoints = CheckpointFolder(folder or tmp_path / "none", least_seconds=0 if folder else 1e9)
        configs = [config.replace(seed=config.seed + number) for number in range(config.replicates)]
        trainings = [Training(build(each), splits, each) for each in configs]
        return Trained(trainings, fit(trainings, report, checkpoints))

    return train


@pytest.fixture
def train_with_a_break(train: Callable[..., Trained], tmp_path: Path) -> Callable[..., Trained]:
    """The same training, but broken off after an epoch and taken up by another process."""

    def train_with_a_break(config: TrialConfig, after: int = 3) -> Trained:
        def killing(metrics: EpochMetrics) -> bool:
            if metrics.epoch == after:
                raise Killed
            return True

        with pytest.raises(Killed):
            train(config, killing, tmp_path / "broken_off")
        torch.manual_seed(999)  # what the next process would start with is no matter
        return train(config, folder=tmp_path / "broken_off")

    return train_with_a_break


class Killed(BaseException):
    """Stands for a process that ends in the middle."""


@pytest.fixture
def curve() -> Callable[[tuple[EpochMetrics, ...]], list[dict[str, Any]]]:
    """All of a history but times, which no two runs share."""

    def curve(history: tuple[EpochMetrics, ...]) -> list[dict[str, Any]]:
        return [
            {"epoch": metrics.epoch} | {name: value for name, value in metrics.values.items() if name not in TIMES}
            for metrics in history
        ]

    return curve
