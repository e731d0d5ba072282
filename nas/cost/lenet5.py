"""LeNet-5 as data."""

from nas.config import Activation, Dense, LeNet5
from nas.cost.chain import Chain
from nas.cost.dense import add_dense, add_output
from nas.cost.layers import GAIN, Conv, Flatten, Pad, Resize, WindowPool
from nas.records import Shape

SIDE, PADDED_SIDE = 32, 28


def lenet5_chain(model: LeNet5, shape: Shape, classes: int) -> Chain:
    """LeNet-5 (LeCun et al. 1998): `conv1`, `tanh1`, `pool1`, `conv2`, ..., `flatten`, `dense1`, ..., `output`.

    Each convolution sees all maps before it, where the paper's second one saw some of them, and pooling has no weights.
    """
    original = model.variant == "original"
    activation: Activation = "tanh" if original else "relu"
    chain = Chain(shape)
    if shape[1:] == (PADDED_SIDE, PADDED_SIDE):
        chain.add("pad", Pad((SIDE - PADDED_SIDE) // 2))
    elif shape[1:] != (SIDE, SIDE):
        chain.add("resize", Resize(SIDE, SIDE))
    for number, filters in enumerate((6, 16), start=1):
        conv = Conv(5, channels=chain.shape[0], filters=filters, gain=GAIN[activation])
        chain.add(f"conv{number}", conv)
        chain.follow(activation, "none", f"{{}}{number}")
        chain.add(f"pool{number}", WindowPool(2, stride=2, kind="average" if original else "max"))
    chain.add("flatten", Flatten())
    for number, width in enumerate((120, 84), start=1):
        add_dense(chain, f"dense{number}", Dense(width=width, activation=activation))
    add_output(chain, classes)
    return chain
