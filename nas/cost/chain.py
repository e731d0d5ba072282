"""Networks as data: layers one after the other, with the shapes between them. Cost and module are both made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from nas.config import Activation
from nas.config.layers import Norm
from nas.cost.formulas import DoesNotFit
from nas.cost.layers import AnyShape, BatchNorm, Flatten, Layer, Nonlinearity, Window
from nas.records import Cost

FP32_BYTES = 4


class Leaf(NamedTuple):
    """A layer, its path in the network, and the shape of what it returns for one image."""

    path: str
    layer: Layer
    output: AnyShape


@dataclass
class Chain:
    """Layers and parts by name, each taking what the one before returns.

    shape: of what the last one returns; at first, of what the chain takes. place: its own path in the network.
    """

    shape: AnyShape
    place: str = ""
    parts: "dict[str, Leaf | Chain]" = field(default_factory=dict)

    def add(self, name: str, layer: Layer) -> None:
        """Put a layer at the end.

        Raises:
            DoesNotFit: the map there is smaller than the layer's window.
        """
        path, output = self.path(name), layer.output(self.shape)
        if isinstance(layer, Window) and min(output) < 1:
            raise DoesNotFit(layer.misfit(self.shape, path))
        self.parts[name] = Leaf(path, layer, output)
        self.shape = output

    def follow(self, activation: Activation, norm: Norm, name: str = "{}") -> None:
        """Put an activation at the end, with batch norm where it belongs. name: how the two are called."""
        batch_norm = BatchNorm(self.shape[0], flat=len(self.shape) == 1)
        if norm == "before":
            self.add(name.format("norm"), batch_norm)
        if activation != "linear":
            self.add(name.format(activation), Nonlinearity(activation))
        if norm == "after":
            self.add(name.format("norm"), batch_norm)

    def join(self, name: str, part: "Chain") -> None:
        """Put a part at the end."""
        self.parts[name] = part
        self.shape = part.shape

    def path(self, name: str) -> str:
        """The path of its part of this name."""
        return f"{self.place}.{name}" if self.place else name

    def leaves(self) -> Iterator[Leaf]:
        """Its layers and those of its parts, in forward order."""
        for part in self.parts.values():
            if isinstance(part, Leaf):
                yield part
            else:
                yield from part.leaves()

    def cost(self) -> Cost:
        """What it costs for one image."""
        weights = statistics = macs = outputs = 0
        for _, layer, output in self.leaves():
            weights += layer.weights
            statistics += layer.statistics
            macs += layer.macs(output)
            outputs += 0 if isinstance(layer, Flatten) else prod(output)
        return Cost(weights + statistics, weights, 2 * macs, FP32_BYTES * outputs)


class Residual(Chain):
    """A chain whose part `shortcut` takes what the whole chain takes, and is added to what is there."""


class Branches(Chain):
    """Parts that all take what came in; what they return is joined, channel after channel."""

    def join(self, name: str, part: Chain) -> None:
        """Put a part beside the others."""
        self.parts[name] = part
        channels = sum(branch.shape[0] for branch in self.parts.values() if isinstance(branch, Chain))
        self.shape = channels, *part.shape[1:]
