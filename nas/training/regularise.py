"""What holds weights back in a training step: penalties and clipping."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from nas.config import TrialConfig


class Regulariser:
    """Penalties and clipping of a config, over the parameters of `model` that are trained now."""

    def __init__(self, model: nn.Module, config: TrialConfig) -> None:
        self.l1, self.l2 = config.model.l1, config.model.l2
        self.most_gradient = config.regularisation.clip_gradients
        self.most_weight = config.regularisation.clip_weights
        self.trained: list[Tensor] = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.penalised = penalised_weights(model)

    def penalise(self, loss: Tensor) -> Tensor:
        """The loss with l1 x the sum of |w| and l2 x the sum of w^2 added."""
        if not self.penalised or not (self.l1 or self.l2):
            return loss
        penalty: Tensor = _Penalty.apply(self.l1, self.l2, *self.penalised)
        return loss + penalty

    def clip_gradients(self) -> None:
        """Scale all gradients so that their norm, taken together, is at most `clip_gradients`."""
        if self.most_gradient is not None:
            nn.utils.clip_grad_norm_(self.trained, self.most_gradient)

    @torch.no_grad()
    def clip_weights(self) -> None:
        """Bring every trained weight, biases and norms among them, into -`clip_weights` to `clip_weights`."""
        if self.most_weight is not None:
            torch._foreach_clamp_max_(self.trained, self.most_weight)
            torch._foreach_clamp_min_(self.trained, -self.most_weight)


class _Penalty(torch.autograd.Function):
    """Of all weights at once: torch would go back through each square and each sum on its own."""

    @staticmethod
    def forward(ctx: Any, l1: float, l2: float, *weights: Tensor) -> Tensor:
        """See `Regulariser.penalise`."""
        ctx.strengths = l1, l2
        ctx.save_for_backward(*weights)
        total = weights[0].new_zeros(())
        if l1:
            total += l1 * torch.stack(torch._foreach_norm(weights, 1)).sum()
        if l2:
            total += l2 * torch.stack(torch._foreach_norm(weights, 2)).square().sum()
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Of each weight: l1 x its sign + 2 x l2 x it."""
        l1, l2 = ctx.strengths
        pulls = torch._foreach_mul(ctx.saved_tensors, 2 * l2)
        if l1:
            torch._foreach_add_(pulls, torch._foreach_sign(ctx.saved_tensors), alpha=l1)
        torch._foreach_mul_(pulls, gradient)
        return None, None, *pulls


def penalised_weights(model: nn.Module) -> list[Tensor]:
    """The trained weights of convolutions and dense layers, each once; no biases, no norms."""
    weights = [layer.weight for layer in model.modules() if isinstance(layer, _ConvNd | nn.Linear)]
    return [weight for weight in dict.fromkeys(weights) if weight.requires_grad]
