import pytest
import torch
from torch import Tensor, nn

from nas.config import SGD, Adadelta, Adam, AdamW, Optimizer, RMSprop
from nas.training.optimizers import build_optimizer, set_learning_rate

GRADIENTS = [0.5, -2.0, 0.25]


def after_steps(config: Optimizer) -> float:
    """Where a weight of 1 lands after one step along each of the gradients."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    optimizer = build_optimizer(config, model)
    for gradient in GRADIENTS:
        model.weight.grad = torch.full_like(model.weight, gradient)
        optimizer.step()
    return model.weight.item()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_is_the_published_algorithm(decay: float) -> None:
    weight, m, v = 1.0, 0.0, 0.0
    for step, gradient in enumerate(GRADIENTS, start=1):
        gradient += decay * weight
        m, v = 0.8 * m + 0.2 * gradient, 0.95 * v + 0.05 * gradient**2
        weight -= 0.01 * (m / (1 - 0.8**step)) / ((v / (1 - 0.95**step)) ** 0.5 + 0.5)
    ours = after_steps(Adam(lr=0.01, beta1=0.8, beta2=0.95, eps=0.5, weight_decay=decay))
    assert ours == pytest.approx(weight, rel=1e-5)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_the_published_algorithm(nesterov: bool) -> None:
    weight, velocity = 1.0, 0.0
    for gradient in GRADIENTS:
        gradient += 0.1 * weight
        velocity = 0.9 * velocity + gradient
        weight -= 0.01 * (gradient + 0.9 * velocity if nesterov else velocity)
    assert after_steps(SGD(lr=0.01, nesterov=nesterov, weight_decay=0.1)) == pytest.approx(weight, rel=1e-5)


def test_adamw_decays_apart_from_the_gradient() -> None:
    weight, m, v = 1.0, 0.0, 0.0
    for step, gradient in enumerate(GRADIENTS, start=1):
        weight -= 0.01 * 0.1 * weight
        m, v = 0.8 * m + 0.2 * gradient, 0.95 * v + 0.05 * gradient**2
        weight -= 0.01 * (m / (1 - 0.8**step)) / ((v / (1 - 0.95**step)) ** 0.5 + 0.5)
    ours = after_steps(AdamW(lr=0.01, beta1=0.8, beta2=0.95, eps=0.5, weight_decay=0.1))
    assert ours == pytest.approx(weight, rel=1e-5)


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_rmsprop_is_the_published_algorithm(momentum: float) -> None:
    weight, mean_square, velocity = 1.0, 0.0, 0.0
    for gradient in GRADIENTS:
        gradient += 0.1 * weight
        mean_square = 0.8 * mean_square + 0.2 * gradient**2
        velocity = momentum * velocity + gradient / (mean_square**0.5 + 0.5)
        weight -= 0.01 * velocity
    ours = after_steps(RMSprop(lr=0.01, decay=0.8, momentum=momentum, eps=0.5, weight_decay=0.1))
    assert ours == pytest.approx(weight, rel=1e-5)


def test_adadelta_is_the_published_algorithm() -> None:
    weight, squares, steps = 1.0, 0.0, 0.0
    for gradient in GRADIENTS:
        gradient += 0.1 * weight
        squares = 0.8 * squares + 0.2 * gradient**2
        step = ((steps + 0.01) / (squares + 0.01)) ** 0.5 * gradient
        steps = 0.8 * steps + 0.2 * step**2
        weight -= 0.5 * step
    assert after_steps(Adadelta(lr=0.5, rho=0.8, eps=0.01, weight_decay=0.1)) == pytest.approx(weight, rel=1e-5)


def test_frozen_weights_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    model[0].requires_grad_(False)
    (group,) = build_optimizer(SGD(), model).param_groups
    assert [tuple(parameter.shape) for parameter in group["params"]] == [(4, 3), (4,)]


def test_the_learning_rate_can_be_set() -> None:
    model = nn.Linear(1, 1, bias=False)
    optimizer = build_optimizer(SGD(lr=0.1, momentum=0.0), model)
    set_learning_rate(optimizer, 0.5)
    before: Tensor = model.weight.detach().clone()
    model.weight.grad = torch.ones_like(model.weight)
    optimizer.step()
    assert (before - model.weight).item() == pytest.approx(0.5)


def test_unknown_optimizer() -> None:
    class Strange(Optimizer, kind="strange_optimizer"):
        pass

    with pytest.raises(TypeError, match="Strange"):
        build_optimizer(Strange(), nn.Linear(1, 1))
