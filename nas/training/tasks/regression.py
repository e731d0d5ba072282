"""A number for each row."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from nas.data.splits import Images
from nas.training.evaluate import outputs_of
from nas.training.precision import Forward
from nas.training.tasks.task import Evaluation


@dataclass(frozen=True)
class Regression:
    """Mean squared error of standardised targets. mean, deviation: of the train part's targets, in their own unit.

    The network gives standardised numbers; labels come in their own unit.
    """

    mean: float
    deviation: float

    @property
    def outputs(self) -> int:
        """One number."""
        return 1

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean squared error of the outputs [N, 1] against the standardised labels [N]."""
        return mse_loss(outputs.squeeze(1), ((labels - self.mean) / self.deviation).to(outputs.dtype))

    @torch.inference_mode()
    def evaluate(self, forward: Forward, images: Images) -> Evaluation:
        """`loss`: mean squared error of standardised targets. In the target's own unit: `mse`, `mae` (mean squared and
        mean absolute error) and `r2`, the share of this part's variance that is explained (as in scikit-learn: where
        all targets are equal, 1 if they are met exactly, else 0).
        """
        outputs = torch.cat([outputs.squeeze(1) for outputs, _ in outputs_of(forward, images)]).cpu().double()
        true = images.labels.cpu().double()
        predicted = outputs * self.deviation + self.mean
        errors = predicted - true
        mse = float(errors.square().mean())
        constant = bool(true.min() == true.max())
        values = {
            "loss": mse / self.deviation**2,
            "mse": mse,
            "mae": float(errors.abs().mean()),
            "r2": float(mse == 0) if constant else 1 - mse / float(true.var(correction=0)),
        }
        return Evaluation(values, true.float(), predicted.float())

    def final(self, evaluation: Evaluation) -> dict[str, float]:
        """Nothing further."""
        return {}
