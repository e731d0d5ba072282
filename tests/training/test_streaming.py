from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from nas.config import Augmentation, TrialConfig
from nas.data.splits import Images, Splits
from nas.training.training import Training

Build = Callable[[TrialConfig], nn.Module]


def scattered(images: Images, streamed: bool) -> Images:
    """The same images, far apart in a larger store."""
    rows = torch.randperm(3 * len(images), generator=torch.Generator().manual_seed(0))[: len(images)]
    stored = torch.full((3 * len(images), *images.shape), 99, dtype=torch.uint8)
    stored[rows] = images.pixels
    return Images(stored, images.labels, rows, streamed)


def test_where_the_pixels_lie_changes_no_bit(splits: Splits, build: Build, config: TrialConfig) -> None:
    config = config.replace(augmentation=Augmentation(flip="both", shift=0.1))
    outcomes = []
    for move in (lambda images: images, lambda each: scattered(each, False), lambda each: scattered(each, True)):
        moved = replace(splits, train=move(splits.train), val=move(splits.val), test=move(splits.test))
        training = Training(build(config), moved, config)
        for _ in range(2):
            training.advance()
        test = training.task.evaluate(training.forward, training.splits.test).values
        kept = ("train_accuracy", "train_loss", "val_accuracy", "val_loss")
        curves = [[each.values[name] for name in kept] for each in training.history]
        outcomes.append((curves, dict(test), training.model.state_dict()))
    for curves, test, weights in outcomes[1:]:
        assert (curves, test) == outcomes[0][:2]
        assert all(torch.equal(weights[name], value) for name, value in outcomes[0][2].items())
