"""Bit for bit as torch's own optimizers, whatever of their state was gathered before."""

import copy
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from nas.config import SGD, Adam, AdamW, Optimizer
from nas.training.optimizers import build_optimizer
from nas.training.uncompiled import without_compiler

Build = Callable[[nn.Module], torch.optim.Optimizer]


def own(config: Optimizer) -> Build:
    return partial(build_optimizer, config)


def of_torch(kind: Callable[..., torch.optim.Optimizer], **settings: object) -> Build:
    return lambda model: kind(model.parameters(), fused=True, **settings)


PAIRS = {
    "adam": (own(Adam(lr=0.1, eps=1e-7)), of_torch(without_compiler(torch.optim.Adam), lr=0.1, eps=1e-7)),
    "adamw": (
        own(AdamW(lr=0.1, eps=1e-7, weight_decay=0.2)),
        of_torch(without_compiler(torch.optim.AdamW), lr=0.1, eps=1e-7, weight_decay=0.2),
    ),
    "sgd": (own(SGD(lr=0.1, momentum=0.0)), of_torch(without_compiler(torch.optim.SGD), lr=0.1)),
    "momentum": (
        own(SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)),
        of_torch(without_compiler(torch.optim.SGD), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    ),
}
pairs = pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 4))
    model[0].to(memory_format=torch.channels_last)
    return model


def weights_after(build: Build, steps: int, without: Callable[[int, str], bool] = lambda step, name: False) -> Tensor:
    """All weights after so many steps along random gradients; those of some weights may be absent in some steps."""
    model = network()
    take_steps(build(model), model, range(steps), without)
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def take_steps(
    optimizer: torch.optim.Optimizer,
    model: nn.Module,
    steps: range,
    without: Callable[[int, str], bool] = lambda step, name: False,
) -> None:
    for step in steps:
        random = torch.Generator().manual_seed(step)
        for name, parameter in model.named_parameters():
            gradient = torch.empty_like(parameter).normal_(generator=random)
            parameter.grad = None if without(step, name) else gradient
        optimizer.step()
        optimizer.zero_grad()


@pairs
def test_the_same_bits_as_torch(ours: Build, theirs: Build) -> None:
    assert torch.equal(weights_after(ours, 5), weights_after(theirs, 5))
    assert not torch.equal(weights_after(ours, 5), weights_after(ours, 4))


@pairs
@pytest.mark.parametrize("when", [{2}, {1, 3}, {1, 2, 3, 4, 5}])
def test_weights_without_a_gradient_are_left_alone(ours: Build, theirs: Build, when: set[int]) -> None:
    def without(step: int, name: str) -> bool:
        return name.startswith("3.") and step in when

    assert torch.equal(weights_after(ours, 6, without), weights_after(theirs, 6, without))


@pairs
@pytest.mark.parametrize("after", [1, 3])
def test_goes_on_from_its_state(ours: Build, theirs: Build, after: int) -> None:
    model = network()
    optimizer = ours(model)
    take_steps(optimizer, model, range(after))
    resumed = network()
    resumed.load_state_dict(model.state_dict())
    again = ours(resumed)
    take_steps(again, resumed, range(10, 12))  # what it gathered is no longer its state
    resumed.load_state_dict(model.state_dict())
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    take_steps(again, resumed, range(after, 5))
    expected = weights_after(theirs, 5)
    assert torch.equal(torch.cat([parameter.detach().flatten() for parameter in resumed.parameters()]), expected)


@pairs
def test_its_state_is_that_of_torch(ours: Build, theirs: Build) -> None:
    states = []
    for build in (ours, theirs):
        model = network()
        optimizer = build(model)
        take_steps(optimizer, model, range(3))
        states.append(optimizer.state_dict()["state"])
    assert states[0].keys() == states[1].keys()
    for number, state in states[1].items():
        assert state.keys() == states[0][number].keys()
        assert all(torch.equal(states[0][number][name], value) for name, value in state.items() if value is not None)


@pairs
def test_weights_of_several_types(ours: Build, theirs: Build) -> None:
    def weights(build: Build) -> list[Tensor]:
        model = network()
        model[3].double()
        take_steps(build(model), model, range(4))
        return list(model.parameters())

    assert all(torch.equal(one, other) for one, other in zip(weights(ours), weights(theirs), strict=True))


@pairs
def test_the_learning_rate_of_each_step_counts(ours: Build, theirs: Build) -> None:
    def weights(build: Build) -> list[Tensor]:
        model = network()
        optimizer = build(model)
        for step in range(4):
            optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
            take_steps(optimizer, model, range(step, step + 1))
        return list(model.parameters())

    assert all(torch.equal(one, other) for one, other in zip(weights(ours), weights(theirs), strict=True))


def test_gradients_are_forgotten() -> None:
    model = network()
    optimizer = build_optimizer(Adam(), model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.zero_grad(set_to_none=True)
    assert all(parameter.grad is None for parameter in model.parameters())
