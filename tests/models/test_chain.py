"""What networks that are described by their layers compute, and that they train."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from nas import MLP, AveragePool, Dense, Head, LeNet5, MaxPool, Stage, StagedNet
from nas.models.build import build_model

SHAPE = (3, 8, 7)


def build(*stages, head=Head(), shape=SHAPE):  # noqa: B008 (frozen)
    torch.manual_seed(0)
    network = build_model(StagedNet(stages=stages, head=head), shape, 4)
    for name, statistics in network.named_buffers():
        if name.endswith(("mean", "var")):
            statistics.uniform_(0.5, 2)
    for weights in network.parameters():
        nn.init.normal_(weights, std=0.5)
    return network.eval()


def conv(layer, maps, stride=1, groups=1):
    padding = layer.kernel_size[0] // 2
    return functional.conv2d(maps, layer.weight, layer.bias, stride, padding, groups=groups)


def norm(layer, maps):
    scale, shift, mean, variance = (
        numbers[:, None, None] for numbers in (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    )
    return (maps - mean) / (variance + layer.eps).sqrt() * scale + shift


def test_a_plain_stage_pools_and_ends_in_its_head():
    pooled = Stage(filters=6, kernel_size=5, groups=3, stride=2, activation="tanh", pool=AveragePool(size=3, stride=1))
    network = build(pooled, head=Head(pool="max", dense=(Dense(width=5, activation="silu", batch_norm="after"),)))
    images = torch.randn(2, *SHAPE)
    maps = conv(network.stage1.block1.conv, images, stride=2, groups=3).tanh()
    pooled = functional.avg_pool2d(maps, 3, 1).amax((2, 3))
    head = network.head
    hidden = functional.silu(functional.linear(pooled, head.dense1.weight, head.dense1.bias))
    hidden = norm(head.dense1_norm, hidden[:, :, None, None])[:, :, 0, 0]
    torch.testing.assert_close(network(images), functional.linear(hidden, head.output.weight, head.output.bias))


def test_only_the_first_block_of_a_stage_has_its_stride():
    stage = build(Stage(filters=4, blocks=3, stride=2)).stage1
    assert [block.conv.stride for block in stage] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize("place", ["none", "before", "after"])
def test_a_residual_block_is_added_before_its_last_activation(place):
    stage = build(Stage(filters=4, block="residual", stride=2, batch_norm=place)).stage1
    block, images = stage.block1, torch.randn(2, *SHAPE)
    before = norm if place == "before" else lambda _, maps: maps
    after = norm if place == "after" else lambda _, maps: maps
    layers = dict.fromkeys(("norm1", "norm2")) | dict(block.named_children())
    maps = after(layers["norm1"], before(layers["norm1"], conv(block.conv1, images, stride=2)).relu())
    maps = before(layers["norm2"], conv(block.conv2, maps))
    shortcut = conv(block.shortcut.conv, images, stride=2)
    if place == "before":
        shortcut = norm(block.shortcut.norm, shortcut)
    torch.testing.assert_close(stage(images), after(layers["norm2"], (maps + shortcut).relu()))


def test_a_bottleneck_is_narrow_and_grouped_in_its_middle_and_adds_what_came_in():
    block = build(Stage(filters=8, block="bottleneck", groups=2, kernel_size=5), shape=(8, 6, 6)).stage1.block1
    images = torch.randn(2, 8, 6, 6)
    maps = conv(block.conv1, images).relu()
    assert maps.shape[1] == 2
    maps = conv(block.conv3, conv(block.conv2, maps, groups=2).relu())
    assert isinstance(block.shortcut, nn.Identity)
    torch.testing.assert_close(block(images), (maps + images).relu())


def test_a_separable_block_filters_each_channel_then_mixes_them():
    block = build(Stage(filters=5, block="separable", activation="gelu", stride=2)).stage1.block1
    images = torch.randn(2, *SHAPE)
    maps = functional.gelu(conv(block.conv1, images, stride=2, groups=3))
    torch.testing.assert_close(block(images), functional.gelu(conv(block.conv2, maps)))


def test_an_inception_block_joins_four_branches():
    block = build(Stage(filters=16, block="inception", stride=2)).stage1.block1
    images = torch.randn(2, *SHAPE)
    one, three, five, pool = block.branch1, block.branch2, block.branch3, block.branch4
    branches = [
        conv(one.conv, images, 2).relu(),
        conv(three.conv2, conv(three.conv1, images).relu(), 2).relu(),
        conv(five.conv2, conv(five.conv1, images).relu(), 2).relu(),
        conv(pool.conv, functional.max_pool2d(images, 3, 2, 1)).relu(),
    ]
    assert [branch.shape[1:] for branch in branches] == [(4, 4, 4)] * 4
    assert five.conv2.kernel_size == (5, 5)
    torch.testing.assert_close(block(images), torch.cat(branches, 1))


def test_lenet5_continues_the_edges_of_28_pixels():
    network = build_model(LeNet5(), (1, 28, 28), 10)
    image = torch.arange(28.0)[None, None, :, None].expand(1, 1, 28, 28)
    assert network.pad(image)[0, 0, :, 0].tolist() == [0, 0, *range(28), 27, 27]


def test_an_mlp_takes_the_rows_of_a_table():
    network = build_model(MLP(layers=(Dense(width=3, activation="linear"),)), (5, 1, 1), 1).eval()
    rows = torch.randn(2, 5)
    torch.testing.assert_close(network(rows[:, :, None, None]), network.output(network.dense1(rows)))


EVERY = {"blocks": 2, "filters": 8, "pool": MaxPool(), "dropout": 0.2}
TRAINED = [
    *[
        StagedNet(stages=(Stage(block=block, batch_norm=norm, activation=activation, **EVERY),), resize_to=side)
        for block in ("plain", "residual", "bottleneck", "separable", "inception")
        for norm, activation, side in (("none", "relu", None), ("before", "silu", 10), ("after", "gelu", 4))
    ],
    StagedNet(stages=(Stage(padding="valid", pool=AveragePool()),), head=Head(pool="flatten", dropout=0.2)),
    StagedNet(stages=(Stage(activation="tanh"), Stage(activation="linear")), head=Head(pool="max", dense=(Dense(),))),
    MLP(layers=(Dense(batch_norm="before", dropout=0.5), Dense(activation="tanh")), input_dropout=0.5),
    LeNet5(),
    LeNet5(variant="modern"),
]


@pytest.mark.parametrize("model", TRAINED, ids=lambda model: model.kind)
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_every_network_learns(model, bf16):
    torch.manual_seed(0)
    network = build_model(model, (3, 8, 8), 4)
    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 4
    if bf16:
        network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(8):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(images)
        losses.append(functional.cross_entropy(logits.float(), labels))
        optimizer.zero_grad()
        losses[-1].backward()
        assert all(weights.grad.isfinite().all() for weights in network.parameters())
        optimizer.step()
    assert losses[-1] < losses[0]
