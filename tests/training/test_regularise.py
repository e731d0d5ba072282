import math

import pytest
import torch
from torch import Tensor, nn

from nas.config import ConvNet, Regularisation, TrialConfig
from nas.training.regularise import Regulariser, penalised_weights


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 4), nn.Linear(4, 3)]
    return nn.Sequential(*layers)


def weight_of(model: nn.Module, layer: int) -> nn.Parameter:
    return model.get_parameter(f"{layer}.weight")


@pytest.fixture
def zero() -> Tensor:
    return torch.zeros(())


def with_gradients(model: nn.Module, norm: float) -> None:
    """Give all parameters gradients that have this norm together."""
    parameters = list(model.parameters())
    numbers = sum(parameter.numel() for parameter in parameters)
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, norm / math.sqrt(numbers))


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.01), (0.1, 0.01)])
def test_penalties_are_sums_over_the_weights_of_layers(config: TrialConfig, zero: Tensor, l1: float, l2: float) -> None:
    model = network()
    model[3].requires_grad_(False)
    regulariser = Regulariser(model, config.replace(model=ConvNet(l1=l1, l2=l2)))
    numbers = [number for index in (0, 4) for number in weight_of(model, index).flatten().tolist()]
    expected = 2 + l1 * math.fsum(map(abs, numbers)) + l2 * math.fsum(number**2 for number in numbers)
    assert regulariser.penalise(zero + 2).item() == pytest.approx(expected, rel=1e-5)


def test_a_penalty_pulls_its_weights_alone(config: TrialConfig, zero: Tensor) -> None:
    model = network()
    Regulariser(model, config.replace(model=ConvNet(l1=0.1, l2=0.01))).penalise(zero).backward()  # type: ignore[no-untyped-call]
    weight = weight_of(model, 4)
    assert weight.grad is not None
    assert torch.allclose(weight.grad, 0.1 * weight.sign() + 0.02 * weight)
    assert [name for name, p in model.named_parameters() if p.grad is not None] == ["0.weight", "3.weight", "4.weight"]


def test_a_penalty_on_a_scaled_loss_pulls_by_so_much(config: TrialConfig, zero: Tensor) -> None:
    """As plain arithmetic on the weights, differentiated by torch."""
    model = network()
    weights = [weight_of(model, layer) for layer in (0, 3, 4)]
    plain = torch.stack([0.1 * weight.abs().sum() + 0.01 * weight.square().sum() for weight in weights]).sum()
    expected = torch.autograd.grad(0.3 * plain, weights)
    loss = Regulariser(model, config.replace(model=ConvNet(l1=0.1, l2=0.01))).penalise(zero)
    pulls = torch.autograd.grad(0.3 * loss, weights)
    assert all(torch.allclose(pull, want) for pull, want in zip(pulls, expected, strict=True))


def test_a_model_without_weights_has_no_penalty(config: TrialConfig, zero: Tensor) -> None:
    regulariser = Regulariser(nn.Identity(), config.replace(model=ConvNet(l1=0.1, l2=0.01)))
    assert regulariser.penalise(zero + 2).item() == 2


def test_a_shared_weight_counts_once() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    assert len(penalised_weights(model)) == 1


@pytest.mark.parametrize(("norm", "expected"), [(5.0, 2.0), (1.5, 1.5)])
def test_gradients_are_clipped_together(config: TrialConfig, norm: float, expected: float) -> None:
    model = network()
    with_gradients(model, norm)
    Regulariser(model, config.replace(regularisation=Regularisation(clip_gradients=2.0))).clip_gradients()
    gradients = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    assert gradients.norm().item() == pytest.approx(expected, rel=1e-5)


def test_weights_are_clipped_one_by_one(config: TrialConfig) -> None:
    model = network()
    model[4].requires_grad_(False)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    Regulariser(model, config.replace(regularisation=Regularisation(clip_weights=0.1))).clip_weights()
    for was, parameter in zip(before, model.parameters(), strict=True):
        assert torch.equal(parameter, was.clamp(-0.1, 0.1) if parameter.requires_grad else was)


def test_nothing_is_clipped_without_being_asked(config: TrialConfig) -> None:
    model = network()
    with_gradients(model, 1e6)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    regulariser = Regulariser(model, config)
    regulariser.clip_gradients()
    regulariser.clip_weights()
    assert all(torch.equal(was, p) for was, p in zip(before, model.parameters(), strict=True))
    gradient = weight_of(model, 4).grad
    assert gradient is not None
    assert gradient.norm() > 1e3
