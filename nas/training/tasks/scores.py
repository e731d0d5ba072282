"""Precision, recall and F1, without scikit-learn, which a worker may lack."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class ClassScores:
    """How well each class is found. Each [classes], int64:

    found: images of the class that were taken for it. predicted: images that were taken for it. support: images of it.
    What is undefined (precision of a class that is never predicted) counts as 0, as in scikit-learn.
    """

    found: Tensor
    predicted: Tensor
    support: Tensor

    @cached_property
    def scores(self) -> dict[str, Tensor]:
        """`precision`, `recall` and `f1` of each class: float64 [classes]."""
        return {
            "precision": self.found.double() / self.predicted.clamp(min=1),
            "recall": self.found.double() / self.support.clamp(min=1),
            "f1": 2 * self.found.double() / (self.predicted + self.support).clamp(min=1),
        }

    def macro(self) -> dict[str, float]:
        """`macro_precision`, `macro_recall` and `macro_f1`: means over the classes, each counting alike."""
        return {f"macro_{name}": float(score.mean()) for name, score in self.scores.items()}

    def weighted(self) -> dict[str, float]:
        """`weighted_precision`, `weighted_recall` and `weighted_f1`: each class counts by its number of images."""
        weights = self.support.double() / self.support.sum()
        return {f"weighted_{name}": float((score * weights).sum()) for name, score in self.scores.items()}


def class_scores(true: Tensor, predicted: Tensor, classes: int) -> ClassScores:
    """The scores of true and predicted classes (int64 [N])."""
    found, taken, support = (
        torch.bincount(labels, minlength=classes) for labels in (true[true == predicted], predicted, true)
    )
    return ClassScores(found, taken, support)


def confusion_matrix(true: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """How often which class was taken for which: int64 [classes, classes], row = true class, column = predicted."""
    return torch.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)
