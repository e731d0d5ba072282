"""torch's optimizers without what they do for torch's compiler and profiler."""

from inspect import unwrap
from typing import TypeVar, cast

import torch

Kind = TypeVar("Kind", bound=torch.optim.Optimizer)

_LED_TO_COMPILER = ("add_param_group", "load_state_dict", "state_dict")


def without_compiler(kind: type[Kind]) -> type[Kind]:
    """The same optimizer, out of reach of `torch.compile` and of hooks.

    torch wraps the methods of its optimizers for its compiler, and loads that at their first call: 4 s and 150 MB in
    every process that trains, more than torch itself takes.
    """
    methods = {name: unwrap(getattr(kind, name)) for name in _LED_TO_COMPILER}
    step = torch.no_grad()(unwrap(kind.step))
    step.hooked = True  # else torch wraps it for hooks, which nobody here sets
    return cast(type[Kind], type(kind.__name__, (kind,), {**methods, "step": step, "zero_grad": _forget_gradients}))


def _forget_gradients(optimizer: torch.optim.Optimizer, set_to_none: bool = True) -> None:
    """Let go of all gradients; the next backward pass makes new ones."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
