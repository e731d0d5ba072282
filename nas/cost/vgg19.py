"""VGG19 as data."""

from nas.config import VGG19, Dense
from nas.cost.chain import Chain
from nas.cost.dense import add_dense
from nas.cost.formulas import DoesNotFit
from nas.cost.layers import AdaptivePool, Conv, Flatten, Linear, Nonlinearity, Resize, WindowPool
from nas.records import Shape

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Filters and number of the 3 x 3 convolutions before each 2 x 2 pooling (Simonyan & Zisserman 2014, column E)."""
LEAST_SIDE = 2 ** len(BLOCKS)
POOLED_SIDE = 2


def vgg19_chain(model: VGG19, shape: Shape, classes: int) -> Chain:
    """A `VGG19`: `enlarge`, `features` with layers numbered as torchvision does, `average_pool`, ..., `output`.

    Raises:
        DoesNotFit: the images, enlarged or not, are smaller than 32 x 32.
    """
    chain = Chain(shape)
    sides = vgg19_input(model, shape)
    if sides != shape[1:]:
        chain.add("enlarge", Resize(*sides))
    features = Chain(chain.shape, "features")
    for filters, convolutions in BLOCKS:
        for _ in range(convolutions):
            conv = Conv(3, padding=1, channels=features.shape[0], filters=filters)
            features.add(str(len(features.parts)), conv)
            features.add(str(len(features.parts)), Nonlinearity("relu"))
        features.add(str(len(features.parts)), WindowPool(2, stride=2))
    chain.join("features", features)
    chain.add("average_pool", AdaptivePool(POOLED_SIDE))
    chain.add("flatten", Flatten())
    add_dense(chain, "dense", Dense(width=model.head_width, dropout=model.dropout))
    chain.add("output", Linear(chain.shape[0], classes))
    return chain


def vgg19_input(model: VGG19, shape: Shape) -> tuple[int, int]:
    """Height and width that the convolutions of `model` get: smaller images are enlarged in proportion until their
    shorter side is `upscale_to`.

    Raises:
        DoesNotFit: that is smaller than 32 x 32.
    """
    height, width = shape[1:]
    side, target = min(height, width), model.upscale_to or 0
    if side < target:
        height, width = ((2 * n * target + side) // (2 * side) for n in (height, width))  # rounded to the nearest
    if min(height, width) < LEAST_SIDE:
        least = f"VGG19 needs {LEAST_SIDE}x{LEAST_SIDE} pixels"
        raise DoesNotFit(f"{least}, got {height}x{width}; set upscale_to={LEAST_SIDE}")
    return height, width
