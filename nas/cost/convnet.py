"""The plain convolutional network as data."""

from nas.config import ConvNet, Dense
from nas.config.layers import Norm
from nas.cost.chain import Chain
from nas.cost.dense import add_dense
from nas.cost.layers import Conv, GlobalPool, Linear, WindowPool
from nas.records import Shape


def convnet_chain(model: ConvNet, shape: Shape, classes: int) -> Chain:
    """A `ConvNet`: `conv1`, `norm1`, `relu1`, `pool1`, ..., `average_pool`, `dense1`, ..., `output`.

    A map is pooled as long as both its sides are larger than one pixel.

    Raises:
        DoesNotFit: a kernel without padding is larger than the map that it meets.
    """
    chain = Chain(shape)
    padding = model.kernel_size // 2 if model.padding == "same" else 0
    norm: Norm = "before" if model.batch_norm else "none"
    for number in range(1, model.conv_layers + 1):
        conv = Conv(model.kernel_size, padding=padding, channels=chain.shape[0], filters=model.filters)
        chain.add(f"conv{number}", conv)
        chain.follow("relu", norm, f"{{}}{number}")
        if model.max_pool and min(chain.shape[1:]) > 1:
            chain.add(f"pool{number}", WindowPool(2, stride=2))
    chain.add("average_pool", GlobalPool("average"))
    dense = Dense(width=model.dense_width, batch_norm=norm, dropout=model.dropout)
    for number in range(1, model.dense_layers + 1):
        add_dense(chain, f"dense{number}", dense)
    chain.add("output", Linear(chain.shape[0], classes))
    return chain
