"""The blocks of a stage as data."""

from dataclasses import replace

from nas.config import Stage
from nas.cost.chain import Branches, Chain, Residual
from nas.cost.formulas import DoesNotFit
from nas.cost.layers import GAIN, AnyShape, Conv, WindowPool


def block_chain(stage: Stage, stride: int, shape: AnyShape, place: str) -> Chain:
    """A block of a stage at this place in the network, for maps of this shape: see `Stage` for what is in each kind.

    Raises:
        DoesNotFit: a kernel is larger than the map that it meets, or groups do not divide the channels there.
    """
    match stage.block:
        case "plain":
            return _plain(stage, stride, Chain(shape, place))
        case "residual":
            return _residual(stage, stride, Residual(shape, place))
        case "bottleneck":
            return _bottleneck(stage, stride, Residual(shape, place))
        case "separable":
            return _separable(stage, stride, Chain(shape, place))
        case "inception":
            return _inception(stage, stride, Branches(shape, place))


def _plain(stage: Stage, stride: int, chain: Chain) -> Chain:
    padding = stage.kernel_size // 2 if stage.padding == "same" else 0
    _unit(stage, chain, Conv(stage.kernel_size, stride, padding, filters=stage.filters, groups=stage.groups))
    return chain


def _residual(stage: Stage, stride: int, chain: Residual) -> Chain:
    shortcut = _shortcut(stage, stride, chain)
    _unit(stage, chain, _same(stage.kernel_size, stage.filters, stride, stage.groups), "1")
    _sum(stage, chain, _same(stage.kernel_size, stage.filters, groups=stage.groups), "2", shortcut)
    return chain


def _bottleneck(stage: Stage, stride: int, chain: Residual) -> Chain:
    shortcut, narrow = _shortcut(stage, stride, chain), stage.filters // 4
    _unit(stage, chain, _same(1, narrow), "1")
    _unit(stage, chain, _same(stage.kernel_size, narrow, stride, stage.groups), "2")
    _sum(stage, chain, _same(1, stage.filters), "3", shortcut)
    return chain


def _separable(stage: Stage, stride: int, chain: Chain) -> Chain:
    channels = chain.shape[0]
    _unit(stage, chain, _same(stage.kernel_size, channels, stride, groups=channels), "1")
    _unit(stage, chain, _same(1, stage.filters), "2")
    return chain


def _inception(stage: Stage, stride: int, chain: Branches) -> Chain:
    wide, narrow = stage.filters // 4, stage.filters // 8
    branches = [Chain(chain.shape, chain.path(f"branch{number}")) for number in range(1, 5)]
    _unit(stage, branches[0], _same(1, wide, stride))
    for branch, size in zip(branches[1:3], (stage.kernel_size, stage.kernel_size + 2), strict=True):
        _unit(stage, branch, _same(1, narrow), "1")
        _unit(stage, branch, _same(size, wide, stride), "2")
    branches[3].add("pool", WindowPool(3, stride, padding=1))
    _unit(stage, branches[3], _same(1, wide))
    for number, branch in enumerate(branches, start=1):
        chain.join(f"branch{number}", branch)
    return chain


def _same(size: int, filters: int, stride: int = 1, groups: int = 1) -> Conv:
    return Conv(size, stride, padding=size // 2, filters=filters, groups=groups)


def _unit(stage: Stage, chain: Chain, conv: Conv, number: str = "") -> None:
    """Put a convolution at the end, with its norm and activation."""
    _conv(chain, replace(conv, gain=GAIN[stage.activation]), f"conv{number}")
    chain.follow(stage.activation, stage.batch_norm, f"{{}}{number}")


def _conv(chain: Chain, conv: Conv, name: str) -> None:
    channels = chain.shape[0]
    if channels % conv.groups:
        what = f"groups={conv.groups} does not divide the {channels} channels that come in"
        raise DoesNotFit(f"{what} (layer {chain.path(name)}); change groups, or the filters before it")
    chain.add(name, replace(conv, channels=channels))


def _shortcut(stage: Stage, stride: int, chain: Residual) -> Chain:
    """What came in, brought to the shape of what comes out where that differs (option B in He et al. 2015)."""
    shortcut = Chain(chain.shape, chain.path("shortcut"))
    if stride > 1 or chain.shape[0] != stage.filters:
        _conv(shortcut, replace(_same(1, stage.filters, stride), gain=GAIN["linear"]), "conv")
        shortcut.follow("linear", stage.batch_norm if stage.batch_norm == "before" else "none")
    return shortcut


def _sum(stage: Stage, chain: Residual, conv: Conv, number: str, shortcut: Chain) -> None:
    """Put the last convolution of a block at the end, then the sum, and what follows that.

    Without batch norm it starts at zero, or each block would double the signal's variance (Zhang et al. 2019, "Fixup").
    """
    norm = stage.batch_norm
    gain = 0.0 if norm == "none" else GAIN[stage.activation]
    _conv(chain, replace(conv, gain=gain), f"conv{number}")
    chain.follow("linear", norm if norm == "before" else "none", f"{{}}{number}")
    chain.join("shortcut", shortcut)
    chain.follow(stage.activation, norm if norm == "after" else "none", f"{{}}{number}")
