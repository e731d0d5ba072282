"""From an optimizer's config to the optimizer."""

from inspect import unwrap
from typing import TypeVar, cast

import torch
from torch import nn

from nas.config import SGD, Adadelta, Adam, AdamW, Optimizer, RMSprop

Kind = TypeVar("Kind", bound=torch.optim.Optimizer)

_LED_TO_COMPILER = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def build_optimizer(config: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of `config` over the trainable parameters of `model`. Its one parameter group holds `lr`.

    Raises:
        TypeError: no optimizer is known for this config.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    match config:
        case Adam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay):
            adam = without_compiler(torch.optim.Adam)
            return adam(parameters, lr, (beta1, beta2), eps, decay, fused=True)
        case AdamW(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay):
            adamw = without_compiler(torch.optim.AdamW)
            return adamw(parameters, lr, (beta1, beta2), eps, decay, fused=True)
        case SGD(lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=decay):
            sgd = without_compiler(torch.optim.SGD)
            return sgd(parameters, lr, momentum, weight_decay=decay, nesterov=nesterov, fused=True)
        case RMSprop(lr=lr, decay=alpha, momentum=momentum, eps=eps, weight_decay=decay):
            return without_compiler(torch.optim.RMSprop)(parameters, lr, alpha, eps, decay, momentum)
        case Adadelta(lr=lr, rho=rho, eps=eps, weight_decay=decay):
            return without_compiler(torch.optim.Adadelta)(parameters, lr, rho, eps, decay)
    raise TypeError(f"no optimizer is known for {type(config).__name__}")


def without_compiler(kind: type[Kind]) -> type[Kind]:
    """The same optimizer, out of reach of `torch.compile`.

    torch wraps the methods of its optimizers for its compiler, and loads that at their first call: 4 s and 150 MB in
    every process that trains, more than torch itself takes.
    """
    methods = {name: unwrap(getattr(kind, name)) for name in _LED_TO_COMPILER}
    step = torch.no_grad()(unwrap(kind.step))
    return cast(type[Kind], type(kind.__name__, (kind,), {**methods, "step": step}))


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Let all later steps use this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr
