"""The estimate of a training step's memory against what torch keeps."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from nas import Adam, ConvNet, Dense, Head, MaxPool, Model, Stage, StagedNet
from nas.cost.memory import training_bytes
from nas.models.build import build_model
from nas.models.measure import measure_cost
from nas.records import Cost
from nas.training.optimizers import build_optimizer

SHAPE = (3, 16, 16)
NETWORKS: dict[str, Model] = {
    "plain": ConvNet(conv_layers=3, filters=8, dense_layers=1, dense_width=32),
    "with everything": ConvNet(
        conv_layers=3, filters=8, batch_norm=True, max_pool=True, dense_layers=2, dense_width=64, dropout=0.2
    ),
    "residual": StagedNet(
        stages=(Stage(filters=8, blocks=2, block="residual", batch_norm="before", pool=MaxPool()),),
        head=Head(dense=(Dense(width=16, batch_norm="after"),)),
    ),
    "separable": StagedNet(stages=(Stage(filters=16, blocks=2, block="separable", activation="silu"),)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_it_covers_what_a_step_keeps(name: str) -> None:
    model, batch = NETWORKS[name], 32
    network = build_model(model, SHAPE, 10)
    optimizer = build_optimizer(Adam(), network)
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        network(torch.rand(batch, *SHAPE)).sum().backward()
    optimizer.step()
    parameters = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    activations = sum(size for place, size in kept.items() if place not in parameters)
    weights = sum(2 * parameter.nbytes for parameter in network.parameters())  # and their gradients
    moments = sum(tensor.nbytes for state in optimizer.state.values() for tensor in state.values() if tensor.dim())
    needed = activations + weights + moments
    estimate = training_bytes(measure_cost(model, SHAPE, 10), batch)
    assert needed <= estimate <= 4 * needed


def test_it_grows_with_the_batch_and_frozen_weights_take_less() -> None:
    cost = Cost(params=1000, trainable_params=1000, flops=0, activation_bytes=500)
    assert training_bytes(cost, 1) == 16_000 + 1000
    assert training_bytes(cost, 64) == 16_000 + 64_000
    assert training_bytes(Cost(1000, 10, 0, 500), 1) == 4000 + 120 + 1000
