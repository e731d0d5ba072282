"""The interface that the training loop knows; one implementation for classes, one for numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from nas.data.splits import Images
from nas.training.precision import Forward


@dataclass(frozen=True)
class Evaluation:
    """What a network says of a part of the data, item by item [N] and as figures.

    values: the figures, means over the items. true, predicted: on the CPU; classes (int64), or numbers in the target's
    own unit (float32). confidence: the probability given to each predicted class; None for numbers.
    """

    values: Mapping[str, float]
    true: Tensor
    predicted: Tensor
    confidence: Tensor | None = None


class Task(Protocol):
    """What a network is trained for."""

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for one item."""

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The mean training loss of a batch: a scalar to differentiate.

        outputs: float32 [N, outputs]. labels: [N] as in `Images`; for classes also their shares (float [N, classes]).
        """

    def evaluate(self, forward: Forward, images: Images) -> Evaluation:
        """Figures and predictions of the model in evaluation mode, in which it is left."""

    def final(self, evaluation: Evaluation) -> dict[str, float]:
        """Further figures, which only a finished trial has."""
