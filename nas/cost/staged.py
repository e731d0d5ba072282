"""Stages of convolutions as data."""

from typing import Literal

from nas.config import AveragePool, Pool, Stage, StagedNet
from nas.cost.blocks import block_chain
from nas.cost.chain import Chain
from nas.cost.dense import head_chain
from nas.cost.layers import Dropout, Layer, Resize, WindowPool
from nas.records import Shape


def staged_chain(model: StagedNet, shape: Shape, classes: int) -> Chain:
    """A `StagedNet`: `resize`, `stage1.block1.conv`, `stage1.block1.relu`, ..., `stage1.pool`, `stage1.dropout`, ...,
    `head`. Every convolution has biases.

    Raises:
        DoesNotFit: a kernel without padding or a pooling window is larger than the map that it meets, or groups do not
            divide the channels that reach them.
    """
    chain = Chain(shape)
    side = model.resize_to
    if side and shape[1:] != (side, side):
        chain.add("resize", Resize(side, side))
    for number, stage in enumerate(model.stages, start=1):
        chain.join(f"stage{number}", _stage(stage, Chain(chain.shape, f"stage{number}")))
    channels, height, width = chain.shape
    chain.join("head", head_chain(model.head, (channels, height, width), classes, "head"))
    return chain


def _stage(stage: Stage, chain: Chain) -> Chain:
    for number in range(1, stage.blocks + 1):
        name = f"block{number}"
        stride = stage.stride if number == 1 else 1
        chain.join(name, block_chain(stage, stride, chain.shape, chain.path(name)))
    if stage.pool is not None:
        chain.add("pool", _window(stage.pool))
    if stage.dropout:
        chain.add("dropout", Dropout(stage.dropout))
    return chain


def _window(pool: Pool) -> Layer:
    kind: Literal["max", "average"] = "average" if isinstance(pool, AveragePool) else "max"
    return WindowPool(pool.size, pool.stride or pool.size, kind=kind)
