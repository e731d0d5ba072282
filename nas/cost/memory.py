"""How much memory a training step takes, estimated from a network's cost."""

from nas.records import Cost

FP32_BYTES = 4
MOMENTS = 2
"""Numbers that an optimizer keeps for each trained parameter: Adam has two, no other one more."""
COPIES = 2
"""Each layer's output is kept for the backward pass, which writes a gradient of the same size; that of one layer is
gone when the next one's comes, but normalising and pooling keep numbers of their own."""


def training_bytes(cost: Cost, batch_size: int) -> int:
    """Bytes that one step on `batch_size` images takes in fp32: weights, gradients, the optimizer's moments, and
    `COPIES` of all layer outputs. An estimate from above for plain networks: bf16 takes less, and frozen layers keep
    nothing for a backward pass. Without the data and what libraries take for themselves.
    """
    weights = cost.params + (1 + MOMENTS) * cost.trainable_params
    return FP32_BYTES * weights + COPIES * batch_size * cost.activation_bytes
