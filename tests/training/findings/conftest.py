"""Finished trials, of which all is known but the network."""

from collections.abc import Callable, Sequence

import pytest
import torch

from nas import Augmentation, ConvNet, Digits, TrialConfig
from nas.data.splits import Images, Splits
from nas.records import DataInfo
from nas.training.tasks import Evaluation

NAMES = ("a/b c", 'say "$x$", \\n', "ünï 漢字")
Trial = tuple[Evaluation, Splits, TrialConfig]


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """A classifier's test part of pairs (true, predicted); image n is filled with n, confidence falls with n."""

    def trial(
        pairs: Sequence[tuple[int, int]], names: Sequence[str] = NAMES, augmentation: Augmentation | None = None
    ) -> Trial:
        true, predicted = torch.tensor(pairs).T
        pixels = (torch.arange(len(pairs)) % 256).to(torch.uint8)[:, None, None, None].repeat(1, 3, 4, 4)
        images = Images(pixels, true)
        info = DataInfo((3, 4, 4), tuple(names), {}, "0")
        values = {"loss": 0.5, "accuracy": float((true == predicted).double().mean())}
        confidence = torch.linspace(0.9, 0.5, len(pairs))
        splits = Splits(images, images, images, info, torch.zeros(3), torch.ones(3))
        config = TrialConfig(data=Digits(), model=ConvNet(), augmentation=augmentation, seed=5)
        return Evaluation(values, true, predicted, confidence), splits, config

    return trial
