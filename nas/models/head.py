"""What stands on a network's last map: pooling, dense layers, a linear output."""

from torch import nn

from nas.config import Head
from nas.cost import head_chain
from nas.models.chain import build_chain
from nas.records import Shape


def build_head(head: Head, maps_shape: Shape, classes: int) -> nn.Module:
    """The layers of `head`, with random weights, for maps of `maps_shape` (channels, height, width).

    It takes maps [N, channels, height, width] and returns logits [N, classes]. Layers are named `pool` (or `flatten`),
    `dense1`, `dense1_norm`, `dense1_relu`, `dense1_dropout`, ..., `dropout`, `output`.
    """
    return build_chain(head_chain(head, maps_shape, classes))
