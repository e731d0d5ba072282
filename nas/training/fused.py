"""Adam and SGD as torch has them, with the same kernels and so the same bits, for networks whose steps are short.

torch gathers weights, gradients and state anew in every step and sorts them by device and type. Here they are gathered
once, after a first step by torch itself.
"""

from inspect import unwrap
from typing import Any

import torch
from torch import Tensor


class FusedAdam(torch.optim.Adam):
    """Adam, or with `decoupled_weight_decay` AdamW. It must be made with `fused=True`, and have one group."""

    _gathered: tuple[list[Tensor], list[Tensor], list[Tensor]] | None = None

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all weights that have gradients."""
        (group,) = self.param_groups
        gradients = [parameter.grad for parameter in group["params"]]
        if self._gathered is None or not _complete(gradients):
            unwrap(torch.optim.Adam.step)(self)
            self._gather(group["params"])
            return
        means, squares, steps = self._gathered
        self._steps += 1
        kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
        beta1, beta2 = group["betas"]
        kernel(
            group["params"], gradients, means, squares, [], steps,
            lr=group["lr"], beta1=beta1, beta2=beta2, weight_decay=group["weight_decay"], eps=group["eps"],
            amsgrad=False, maximize=False,
        )  # fmt: skip

    def _gather(self, parameters: list[Tensor]) -> None:
        states = [self.state[parameter] for parameter in parameters if parameter in self.state]
        if len(states) < len(parameters) or not _alike(parameters):
            return
        self._steps = torch.stack([state["step"] for state in states])
        for state, step in zip(states, self._steps.unbind(), strict=True):  # one addition then counts all of them
            state["step"] = step
        means, squares, steps = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))
        self._gathered = means, squares, steps

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, also from one of torch's own Adam."""
        unwrap(torch.optim.Optimizer.load_state_dict)(self, state_dict)
        self._gathered = None


class FusedSGD(torch.optim.SGD):
    """SGD with or without momentum. It must be made with `fused=True`, and have one group."""

    _buffers: list[Tensor] | None = None

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all weights that have gradients."""
        (group,) = self.param_groups
        gradients = [parameter.grad for parameter in group["params"]]
        if self._buffers is None or not _complete(gradients):
            unwrap(torch.optim.SGD.step)(self)
            self._gather(group["params"], group["momentum"])
            return
        torch._fused_sgd_(
            group["params"], gradients, self._buffers,
            weight_decay=group["weight_decay"], momentum=group["momentum"], lr=group["lr"], dampening=0.0,
            nesterov=group["nesterov"], maximize=False, is_first_step=False,
        )  # fmt: skip

    def _gather(self, parameters: list[Tensor], momentum: float) -> None:
        states = [self.state.get(parameter, {}) for parameter in parameters] if momentum else []
        buffers = [state.get("momentum_buffer") for state in states]
        if _complete(buffers) and _alike(parameters):
            self._buffers = buffers

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, also from one of torch's own SGD."""
        unwrap(torch.optim.Optimizer.load_state_dict)(self, state_dict)
        self._buffers = None


def _complete(tensors: list[Any]) -> bool:
    return all(tensor is not None for tensor in tensors)


def _alike(parameters: list[Tensor]) -> bool:
    """Whether one kernel can take them all."""
    return len({(parameter.dtype, parameter.device) for parameter in parameters}) == 1
