"""Layers as data: what each of them returns, weighs and computes, known without building it."""

from dataclasses import dataclass
from math import prod
from typing import Literal

from nas.config import Activation
from nas.cost.formulas import conv_output, conv_params

AnyShape = tuple[int, ...]
"""Shape of what a layer takes or returns for one image: (channels, height, width), or (numbers,) once flattened."""
GAIN: dict[Activation, float] = {"relu": 2**0.5, "gelu": 1.533, "silu": 1.676, "tanh": 1.592, "linear": 1.0}
"""How far the first weights of a layer spread, in units of 1 / sqrt(fan-in), by what follows it.

1 / sqrt(E[f(z)^2]) for a standard normal z, so that the signal keeps its size on its way through any number of layers
(for ReLU: He et al. 2015, equation 10).
"""


@dataclass(frozen=True)
class Layer:
    """One layer: here one without weights that returns the shape that it takes."""

    @property
    def weights(self) -> int:
        """Numbers that the optimizer updates."""
        return 0

    @property
    def statistics(self) -> int:
        """Numbers beside the weights that it keeps of its inputs."""
        return 0

    def output(self, taken: AnyShape) -> AnyShape:
        """The shape that it returns for one of this shape; sides below 1 where it does not fit."""
        return taken

    def macs(self, returned: AnyShape) -> int:
        """Multiplications (each with its addition) for an output of this shape."""
        return 0


@dataclass(frozen=True)
class Window(Layer):
    """What slides over a map. padding: rows around the map that are added, on either side."""

    size: int
    stride: int = 1
    padding: int = 0

    def sides(self, taken: AnyShape) -> tuple[int, int]:
        """Height and width of the map that comes out."""
        height, width = (conv_output(side, self.size, self.stride, self.padding) for side in taken[1:])
        return height, width

    def misfit(self, taken: AnyShape, place: str) -> str:
        """What is to be said of a map that is smaller than the window."""
        raise NotImplementedError


@dataclass(frozen=True)
class Conv(Window):
    """A convolution with biases. channels, filters: in and out. gain: of its first weights, see `GAIN`."""

    channels: int = 1
    filters: int = 1
    groups: int = 1
    gain: float = GAIN["relu"]

    @property
    def weights(self) -> int:
        """See `conv_params`."""
        return conv_params(self.size, self.channels, self.filters, self.groups)

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return self.filters, *self.sides(taken)

    def macs(self, returned: AnyShape) -> int:
        """Each weight, biases aside, once for each pixel that comes out."""
        return (self.weights - self.filters) * prod(returned[1:])

    def misfit(self, taken: AnyShape, place: str) -> str:
        """See `Window`."""
        what = f"a {self.size}x{self.size} kernel does not fit a {taken[1]}x{taken[2]} map (layer {place})"
        return f'{what}; use padding="same", a smaller kernel_size or fewer layers'


@dataclass(frozen=True)
class WindowPool(Window):
    """The largest value or the mean of each window."""

    kind: Literal["max", "average"] = "max"

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return taken[0], *self.sides(taken)

    def misfit(self, taken: AnyShape, place: str) -> str:
        """See `Window`."""
        what = f"{self.size}x{self.size} pooling does not fit a {taken[1]}x{taken[2]} map (layer {place})"
        return f"{what}; pool less often, use a smaller window or larger images"


@dataclass(frozen=True)
class Linear(Layer):
    """A dense layer with biases. numbers, width: in and out. gain: of its first weights, see `GAIN`."""

    numbers: int
    width: int
    gain: float = GAIN["relu"]

    @property
    def weights(self) -> int:
        """One for each pair of in and out, and a bias for each out."""
        return (self.numbers + 1) * self.width

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return (self.width,)

    def macs(self, returned: AnyShape) -> int:
        """See `Layer`."""
        return self.numbers * self.width


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch norm: a scale and a shift, a running mean and a running variance for each channel. flat: of no maps."""

    channels: int
    flat: bool = False

    @property
    def weights(self) -> int:
        """Scale and shift."""
        return 2 * self.channels

    @property
    def statistics(self) -> int:
        """Running mean and variance."""
        return 2 * self.channels


@dataclass(frozen=True)
class Nonlinearity(Layer):
    """An activation."""

    kind: Activation


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets this share of the numbers to zero while it is trained."""

    share: float


@dataclass(frozen=True)
class GlobalPool(Layer):
    """The largest value or the mean of each whole map."""

    kind: Literal["max", "average"]

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return taken[:1]


@dataclass(frozen=True)
class AdaptivePool(Layer):
    """Means over windows of whatever size leaves a map of this side."""

    side: int

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return taken[0], self.side, self.side


@dataclass(frozen=True)
class Flatten(Layer):
    """Maps as a row of numbers; copies nothing."""

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return (prod(taken),)


@dataclass(frozen=True)
class Resize(Layer):
    """Bilinear, to this height and width."""

    height: int
    width: int

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return taken[0], self.height, self.width


@dataclass(frozen=True)
class Pad(Layer):
    """Repeats the outermost pixels so many times on all sides."""

    pixels: int

    def output(self, taken: AnyShape) -> AnyShape:
        """See `Layer`."""
        return taken[0], *(side + 2 * self.pixels for side in taken[1:])
