"""How good a network is on a part of the data."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nas.data.batches import batches
from nas.data.splits import Images
from nas.training.precision import Forward

BATCH_PIXELS = 2**18
"""Pixels of one evaluation batch: enough to keep a device busy, small beside what a training step keeps in memory."""
MOST_IMAGES = 1024


@dataclass(frozen=True)
class Evaluation:
    """loss: mean cross entropy in nats. confusion: int64 [classes, classes], row = true class, column = predicted."""

    loss: float
    confusion: Tensor

    @cached_property
    def accuracy(self) -> float:
        """The share of images whose class was found."""
        return float(self.confusion.diagonal().sum() / self.confusion.sum())

    def macro(self) -> dict[str, float]:
        """`macro_precision`, `macro_recall` and `macro_f1`: means over the classes, each class counting alike.

        What is undefined (precision of a class that is never predicted) counts as 0, as in scikit-learn.
        """
        found = self.confusion.diagonal().double()
        predicted, true = self.confusion.sum(0), self.confusion.sum(1)
        shares = {
            "macro_precision": found / predicted.clamp(min=1),
            "macro_recall": found / true.clamp(min=1),
            "macro_f1": 2 * found / (predicted + true).clamp(min=1),
        }
        return {name: float(share.mean()) for name, share in shares.items()}


@torch.inference_mode()
def evaluate(forward: Forward, images: Images) -> Evaluation:
    """Loss and confusion of the model in evaluation mode, in which it is left."""
    forward.model.eval()
    height, width = images.pixels.shape[-2:]
    size = max(1, min(MOST_IMAGES, BATCH_PIXELS // (height * width)))
    total = torch.zeros((), dtype=torch.float64, device=images.labels.device)
    pairs = []
    for pixels, labels in batches(images, size):
        logits = forward(pixels)
        total += cross_entropy(logits, labels, reduction="sum")
        pairs.append(labels * logits.shape[1] + logits.argmax(1))
    classes = logits.shape[1]
    confusion = torch.bincount(torch.cat(pairs), minlength=classes**2).reshape(classes, classes)
    return Evaluation(loss=float(total) / len(images), confusion=confusion.cpu())


def stratified_sample(images: Images, size: int, seed: int) -> Images:
    """`size` of the images (all, if there are fewer), drawn by seed, each class with its share rounded up or down."""
    count = len(images)
    if size >= count:
        return images
    labels = images.labels.cpu()
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(count, generator=generator)
    quotas = torch.bincount(labels) * size / count
    taken = quotas.floor().long()
    remainders = (quotas - taken).argsort(descending=True, stable=True)
    taken[remainders[: size - int(taken.sum())]] += 1
    chosen = torch.cat([shuffled[labels[shuffled] == label][:number] for label, number in enumerate(taken.tolist())])
    chosen = chosen.sort().values.to(images.labels.device)
    return Images(images.pixels[chosen], images.labels[chosen])
