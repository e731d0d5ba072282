"""From an optimizer's config to the optimizer."""

import torch
from torch import nn

from nas.config import SGD, Adadelta, Adam, AdamW, Optimizer, RMSprop
from nas.training.fused import FusedAdam, FusedSGD
from nas.training.uncompiled import without_compiler


def build_optimizer(config: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of `config` over the trainable parameters of `model`. Its one parameter group holds `lr`.

    Raises:
        TypeError: no optimizer is known for this config.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    match config:
        case Adam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay):
            adam = without_compiler(FusedAdam)
            return adam(parameters, lr, (beta1, beta2), eps, decay, fused=True)
        case AdamW(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay):
            adamw = without_compiler(FusedAdam)
            return adamw(parameters, lr, (beta1, beta2), eps, decay, fused=True, decoupled_weight_decay=True)
        case SGD(lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=decay):
            sgd = without_compiler(FusedSGD)
            return sgd(parameters, lr, momentum, weight_decay=decay, nesterov=nesterov, fused=True)
        case RMSprop(lr=lr, decay=alpha, momentum=momentum, eps=eps, weight_decay=decay):
            rmsprop = without_compiler(torch.optim.RMSprop)
            return rmsprop(parameters, lr, alpha, eps, decay, momentum, foreach=True)
        case Adadelta(lr=lr, rho=rho, eps=eps, weight_decay=decay):
            return without_compiler(torch.optim.Adadelta)(parameters, lr, rho, eps, decay, foreach=True)
    raise TypeError(f"no optimizer is known for {type(config).__name__}")


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Let all later steps use this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr
