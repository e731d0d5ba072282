"""Dense layers as data: the heads of networks, and networks of nothing else."""

from nas.config import MLP, Dense, Head
from nas.cost.chain import Chain
from nas.cost.layers import GAIN, Dropout, Flatten, GlobalPool, Linear
from nas.records import Shape


def head_chain(head: Head, maps_shape: Shape, classes: int, place: str = "") -> Chain:
    """A head for maps of this shape: `pool`, `dense1`, `dense1_norm`, `dense1_relu`, ..., `dropout`, `output`."""
    chain = Chain(maps_shape, place)
    if head.pool == "flatten":
        chain.add("flatten", Flatten())
    else:
        chain.add("pool", GlobalPool(head.pool))
    for number, dense in enumerate(head.dense, start=1):
        add_dense(chain, f"dense{number}", dense)
    if head.dropout:
        chain.add("dropout", Dropout(head.dropout))
    add_output(chain, classes)
    return chain


def mlp_chain(model: MLP, shape: Shape, classes: int) -> Chain:
    """An `MLP`: `flatten`, `dropout`, `dense1`, `dense1_norm`, `dense1_relu`, `dense1_dropout`, ..., `output`."""
    chain = Chain(shape)
    chain.add("flatten", Flatten())
    if model.input_dropout:
        chain.add("dropout", Dropout(model.input_dropout))
    for number, dense in enumerate(model.layers, start=1):
        add_dense(chain, f"dense{number}", dense)
    add_output(chain, classes)
    return chain


def add_dense(chain: Chain, name: str, dense: Dense) -> None:
    """Put a dense layer of this name at the end, with what follows it."""
    chain.add(name, Linear(chain.shape[0], dense.width, GAIN[dense.activation]))
    chain.follow(dense.activation, dense.batch_norm, f"{name}_{{}}")
    if dense.dropout:
        chain.add(f"{name}_dropout", Dropout(dense.dropout))


def add_output(chain: Chain, classes: int) -> None:
    """Put the linear output at the end."""
    chain.add("output", Linear(chain.shape[0], classes, GAIN["linear"]))
