"""The parts that networks are put together from: stages of convolutions, pooling, dense layers, heads."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from nas.config.fields import Activation, Positive, Share
from nas.space.config import Component, Config, Rule

Norm = Literal["none", "before", "after"]
"""Where batch norm stands: nowhere, before the activation, or after it."""


class Pool(Component, kind="pool"):
    """What makes a map smaller. size: side of the window in pixels. stride: None for the size."""

    size: Positive = 2
    stride: Positive | None = None

    def rules(self) -> Iterator[Rule]:
        """Only its kinds can be used."""
        if type(self) is Pool:
            yield "size", "Pool itself does nothing; use MaxPool or AveragePool"


class MaxPool(Pool, kind="max_pool"):
    """The largest value of each window."""


class AveragePool(Pool, kind="average_pool"):
    """The mean of each window."""


class Stage(Config):
    """Some blocks of convolutions with the same number of filters, then pooling, then dropout.

    blocks: how many. filters: channels that come out of each. stride: of the first block. groups: of its convolutions.
    block: what each of them is (k = kernel_size; every convolution is followed by its norm and activation):
    `plain` one k x k convolution; `residual` two, added to what came in (He et al. 2015); `bottleneck` 1 x 1 to a
    quarter of the filters, k x k, 1 x 1, added to what came in; `separable` k x k depthwise, then 1 x 1 (Howard et al.
    2017); `inception` four branches side by side of a quarter of the filters each: 1 x 1; 1 x 1 to half of that, then
    k x k; the same with a kernel of k + 2; 3 x 3 max pooling, then 1 x 1 (after Szegedy et al. 2014). What came in is
    brought to the new shape by a 1 x 1 convolution where it has another one.
    """

    filters: Positive = 32
    blocks: Annotated[int, Field(ge=1, le=1000)] = 1
    kernel_size: Positive = 3
    block: Literal["plain", "residual", "bottleneck", "separable", "inception"] = "plain"
    stride: Positive = 1
    padding: Literal["same", "valid"] = "same"
    groups: Positive = 1
    activation: Activation = "relu"
    batch_norm: Norm = "none"
    pool: Pool | None = None
    dropout: Share = 0.0

    def rules(self) -> Iterator[Rule]:
        """Channels must divide, and all but plain blocks must keep the size of the map."""
        if self.padding == "same" and self.kernel_size % 2 == 0:
            yield "kernel_size", f'must be odd with padding="same", got {self.kernel_size}; change one of them'
        if self.padding == "valid" and self.block != "plain":
            yield "padding", f'must be "same" in {self.block} blocks, got "valid"; write "same"'
        if self.groups > 1 and self.block in ("separable", "inception"):
            yield "groups", f"means nothing in {self.block} blocks, got {self.groups}; leave it out"
        elif self.filters % self.groups:
            yield "groups", f"must divide filters={self.filters}, got {self.groups}; change one of them"
        if self.block == "bottleneck" and self.filters % (4 * self.groups):
            yield "filters", f"must be a multiple of 4 x groups in bottleneck blocks, got {self.filters}; change it"
        if self.block == "inception" and self.filters % 8:
            yield "filters", f"must be a multiple of 8 in inception blocks, got {self.filters}; change it"


class Dense(Config):
    """A dense layer with its norm, activation and dropout."""

    width: Positive = 128
    activation: Activation = "relu"
    batch_norm: Norm = "none"
    dropout: Share = 0.0


class Head(Config):
    """From the last map to the classes: pooled to one pixel (or flattened), dense layers, dropout, a linear output."""

    pool: Literal["average", "max", "flatten"] = "average"
    dense: tuple[Dense, ...] = ()
    dropout: Share = 0.0
