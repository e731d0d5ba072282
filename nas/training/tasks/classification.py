"""One class out of several for each image."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nas.data.splits import Images
from nas.training.evaluate import outputs_of
from nas.training.precision import Forward
from nas.training.tasks.scores import class_scores
from nas.training.tasks.task import Evaluation


@dataclass(frozen=True)
class Classification:
    """Cross entropy over `classes`. label_smoothing: of the training loss alone (Szegedy et al. 2015)."""

    classes: int
    label_smoothing: float = 0.0

    @property
    def outputs(self) -> int:
        """A logit for each class."""
        return self.classes

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean cross entropy in nats with smoothed labels; labels may be shares of the classes [N, classes]."""
        return cross_entropy(outputs, labels, label_smoothing=self.label_smoothing)

    @torch.inference_mode()
    def evaluate(self, forward: Forward, images: Images) -> Evaluation:
        """`loss`: mean cross entropy in nats, not smoothed. `accuracy`: the share of images whose class was found."""
        total = torch.zeros((), dtype=torch.float64, device=images.labels.device)
        predicted, confidence = [], []
        for logits, labels in outputs_of(forward, images):
            total += cross_entropy(logits, labels, reduction="sum")
            predicted.append(logits.argmax(1))
            confidence.append(logits.softmax(1).amax(1))
        found = torch.cat(predicted)
        values = {
            "loss": float(total) / len(images),
            "accuracy": int((found == images.labels).sum()) / len(images),
        }
        return Evaluation(values, images.labels.cpu(), found.cpu(), torch.cat(confidence).cpu())

    def final(self, evaluation: Evaluation) -> dict[str, float]:
        """`macro_precision`, `weighted_f1` and so on: see `ClassScores`."""
        scores = class_scores(evaluation.true, evaluation.predicted, self.classes)
        return {**scores.macro(), **scores.weighted()}
