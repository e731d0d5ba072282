"""From layers as data to a network."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import nn

from nas.cost import layers as data
from nas.cost.chain import Branches, Chain, Leaf, Residual
from nas.models.initialise import initialise
from nas.models.layers import BranchBlock, GlobalAveragePool, GlobalMaxPool, ResidualBlock, Resize
from nas.models.pixel_major import BatchNorm2d, MaxPool2d
from nas.models.spectral import SpectralConv2d


def build_chain(chain: Chain) -> nn.Module:
    """The layers of `chain` under their names, with random weights."""
    network = build_part(chain)
    initialise(network, chain)
    return network


def build_part(part: Leaf | Chain) -> nn.Module:
    """A layer, or the layers of a part, with torch's own weights."""
    if isinstance(part, Leaf):
        return _MODULES[type(part.layer)](part.layer)
    if not part.parts:
        return nn.Identity()
    inner = OrderedDict((name, build_part(inner)) for name, inner in part.parts.items())
    match part:
        case Residual():
            return ResidualBlock(inner)
        case Branches():
            return BranchBlock(inner)
        case _:
            return nn.Sequential(inner)


def _conv(conv: data.Conv) -> nn.Module:
    keeps_sides = conv.stride == 1 and conv.size > 1 and conv.size == 2 * conv.padding + 1
    kind = SpectralConv2d if keeps_sides and conv.groups == 1 else nn.Conv2d
    return kind(conv.channels, conv.filters, conv.size, conv.stride, conv.padding, groups=conv.groups)


def _window_pool(pool: data.WindowPool) -> nn.Module:
    kind = MaxPool2d if pool.kind == "max" else nn.AvgPool2d
    return kind(pool.size, pool.stride, pool.padding)


def _global_pool(pool: data.GlobalPool) -> nn.Module:
    return GlobalMaxPool() if pool.kind == "max" else GlobalAveragePool()


def _batch_norm(norm: data.BatchNorm) -> nn.Module:
    return nn.BatchNorm1d(norm.channels) if norm.flat else BatchNorm2d(norm.channels)


def _nonlinearity(layer: data.Nonlinearity) -> nn.Module:
    kinds = {"gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh}
    return nn.ReLU(inplace=True) if layer.kind == "relu" else kinds[layer.kind]()  # nothing before it needs its output


_MODULES: dict[type[data.Layer], Callable[[Any], nn.Module]] = {
    data.AdaptivePool: lambda pool: nn.AdaptiveAvgPool2d(pool.side),
    data.BatchNorm: _batch_norm,
    data.Conv: _conv,
    data.Dropout: lambda dropout: nn.Dropout(dropout.share),
    data.Flatten: lambda _: nn.Flatten(),
    data.GlobalPool: _global_pool,
    data.Linear: lambda linear: nn.Linear(linear.numbers, linear.width),
    data.Nonlinearity: _nonlinearity,
    data.Pad: lambda pad: nn.ReplicationPad2d(pad.pixels),
    data.Resize: lambda resize: Resize((resize.height, resize.width)),
    data.WindowPool: _window_pool,
}
