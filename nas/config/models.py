"""Networks that are described by their layers."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from nas.config.fields import NonNegative, Positive, Share, Side
from nas.config.layers import Dense, Head, Stage
from nas.space.config import Component, Rule


class Model(Component, kind="model"):
    """A network. For one of your own, subclass it with typed fields and a `build`:

    class Mine(Model, kind="mine"):
        width: int = 8

        def build(self, shape, classes):
            return torch.nn.Sequential(...)

    l1, l2: penalties on its weights (not on biases and norms), added to the training loss: l1 x the sum of |w|,
    l2 x the sum of w^2, as Keras counts them.
    """

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0

    def build(self, shape: tuple[int, int, int], classes: int) -> object:
        """The network as a `torch.nn.Module` for normalised images of `shape` (channels, height, width)."""
        raise NotImplementedError(f"{type(self).__name__} has no build method")


class ConvNet(Model, kind="convnet"):
    """Convolutions with ReLU, global average pooling, dense layers with ReLU, a linear output.

    Batch norm follows each convolution and each dense layer (before the ReLU), dropout each dense layer, 2 x 2 max
    pooling each convolution as long as the map is larger than one pixel.
    """

    conv_layers: Annotated[int, Field(ge=1, le=1000)] = 4
    filters: Positive = 64
    kernel_size: Positive = 3
    padding: Literal["same", "valid"] = "same"
    dense_layers: Annotated[int, Field(ge=0, le=1000)] = 1
    dense_width: Positive = 1024
    batch_norm: bool = False
    max_pool: bool = False
    dropout: Share = 0.0

    def rules(self) -> Iterator[Rule]:
        """`same` padding is defined for odd kernels only."""
        if self.padding == "same" and self.kernel_size % 2 == 0:
            yield "kernel_size", f'must be odd with padding="same", got {self.kernel_size}; change one of them'

    def inactive(self) -> frozenset[str]:
        """Without dense layers their width and dropout mean nothing."""
        return frozenset() if self.dense_layers else frozenset({"dense_width", "dropout"})


class VGG19(Model, kind="vgg19"):
    """VGG19's 16 convolutions (Simonyan & Zisserman 2014), then a head of `head_width` on the pooled map.

    The head: the last map is average-pooled to 2 x 2, flattened (2,048 numbers), one dense ReLU layer of `head_width`,
    a linear output. Images smaller than `upscale_to` are enlarged to it (bilinear); the network needs 32 pixels.
    """

    head_width: Positive = 2048
    dropout: Share = 0.0
    upscale_to: Side | None = None


class StagedNet(Model, kind="staged"):
    """Stages of convolutions, one after the other, then a head: networks that are written down layer by layer.

    resize_to: height and width in pixels that images are brought to first, on the device (bilinear); None keeps them.
    """

    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    head: Head = Head()
    resize_to: Side | None = None


class MLP(Model, kind="mlp"):
    """Dense layers over all pixels (or columns), then a linear output. input_dropout: share of inputs set to zero."""

    layers: tuple[Dense, ...] = (Dense(),)
    input_dropout: Share = 0.0


class LeNet5(Model, kind="lenet5"):
    """LeNet-5 (LeCun et al. 1998): two 5 x 5 convolutions with pooling, dense layers of 120 and 84, the output.

    `original`: tanh, average pooling. `modern`: ReLU, max pooling. It takes images of 32 x 32; smaller ones of 28 x 28
    are padded by two pixels, all others are resized.
    """

    variant: Literal["original", "modern"] = "original"
