"""A network's layers, for a table."""

from typing import NamedTuple

from torch import nn

from nas.cost import count_params, trace_layers
from nas.records import Shape


class Layer(NamedTuple):
    """One row. name: path in the module. kind: its class. output: shape for one image. params: as in `Cost`."""

    name: str
    kind: str
    output: tuple[int, ...]
    params: int


def layers(module: nn.Module, shape: Shape) -> list[Layer]:
    """The layers of `module` in the order in which an image of `shape` (channels, height, width) passes them.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
    """
    seen: set[nn.Module] = set()
    rows = []
    for name, layer, outputs in trace_layers(module, shape):
        params = 0 if layer in seen else count_params(layer)  # a shared layer's weights count once
        rows.append(Layer(name, type(layer).__name__, outputs[0] if outputs else (), params))
        seen.add(layer)
    return rows
