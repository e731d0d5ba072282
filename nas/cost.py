"""What a network costs before it is trained: by closed formulas, and by tracing a built module. The two must agree.

Per image: parameters, FLOPs (2 x MACs of convolutions and dense layers; biases, norms and activations are not counted)
and the bytes of all layer outputs in fp32. Only the tracing imports torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from nas.config import VGG19, ConvNet
from nas.records import Cost, Shape

if TYPE_CHECKING:
    from torch import nn

FP32_BYTES = 4
VGG19_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Filters and number of the 3 x 3 convolutions before each 2 x 2 pooling (Simonyan & Zisserman 2014, column E)."""
VGG19_LEAST_SIDE = 2 ** len(VGG19_BLOCKS)
VGG19_POOLED_SIDE = 2


class DoesNotFit(ValueError):
    """The network cannot take images of this shape."""


def conv_output(n: int, f: int, s: int = 1, p: int = 0) -> int:
    """Output side of a convolution or pooling: floor((n + 2p - f) / s) + 1; below 1 if the kernel does not fit.

    n: input side, f: kernel side, s: stride, p: padding on either side, all in pixels.
    """
    return (n + 2 * p - f) // s + 1


def conv_params(f: int, c_in: int, c_out: int) -> int:
    """Weights and biases of a convolution: (f * f * c_in + 1) * c_out."""
    return (f * f * c_in + 1) * c_out


def convnet_cost(model: ConvNet, shape: Shape, classes: int) -> Cost:
    """The cost of a `ConvNet` for images of `shape` (channels, height, width), by formula.

    Raises:
        DoesNotFit: a kernel without padding is larger than the map that it meets.
    """
    tally = _Tally()
    channels = shape[0]
    for conv_map, pooled_map in convnet_maps(model, shape):
        tally.conv(model.kernel_size, channels, model.filters, conv_map)
        channels = model.filters
        if model.batch_norm:
            tally.norm(channels, conv_map)
        tally.output(channels, conv_map)  # ReLU
        if pooled_map:
            tally.output(channels, pooled_map)
    tally.output(channels)  # global average pooling
    width = channels
    for _ in range(model.dense_layers):
        tally.dense(width, model.dense_width)
        width = model.dense_width
        if model.batch_norm:
            tally.norm(width)
        tally.output(width)  # ReLU
        if model.dropout:
            tally.output(width)
    tally.dense(width, classes)
    return tally.cost()


def vgg19_cost(model: VGG19, shape: Shape, classes: int) -> Cost:
    """The cost of a `VGG19` for images of `shape` (channels, height, width), by formula.

    Raises:
        DoesNotFit: the images, enlarged or not, are smaller than 32 x 32.
    """
    tally = _Tally()
    channels = shape[0]
    sides = vgg19_input(model, shape)
    if sides != shape[1:]:
        tally.output(channels, sides)  # enlarged
    for filters, convolutions in VGG19_BLOCKS:
        for _ in range(convolutions):
            tally.conv(3, channels, filters, sides)
            tally.output(filters, sides)  # ReLU
            channels = filters
        sides = (conv_output(sides[0], 2, s=2), conv_output(sides[1], 2, s=2))
        tally.output(channels, sides)  # max pooling
    tally.output(channels, (VGG19_POOLED_SIDE, VGG19_POOLED_SIDE))
    tally.dense(channels * VGG19_POOLED_SIDE**2, model.head_width)
    tally.output(model.head_width)  # ReLU
    if model.dropout:
        tally.output(model.head_width)
    tally.dense(model.head_width, classes)
    return tally.cost()


def convnet_maps(model: ConvNet, shape: Shape) -> Iterator[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Height and width after each convolution and after its pooling (None where there is none).

    A map is pooled as long as both its sides are larger than one pixel.

    Raises:
        DoesNotFit: a kernel without padding is larger than the map that it meets.
    """
    height, width = shape[1:]
    kernel, padding = model.kernel_size, same_padding(model)
    for number in range(1, model.conv_layers + 1):
        conv_map = conv_output(height, kernel, p=padding), conv_output(width, kernel, p=padding)
        if min(conv_map) < 1:
            fit = f"a {kernel}x{kernel} kernel does not fit a {height}x{width} map (layer conv {number})"
            raise DoesNotFit(f'{fit}; use padding="same", a smaller kernel_size or fewer conv_layers')
        pools = model.max_pool and min(conv_map) > 1
        pooled_map = (conv_output(conv_map[0], 2, s=2), conv_output(conv_map[1], 2, s=2)) if pools else None
        height, width = pooled_map or conv_map
        yield conv_map, pooled_map


def same_padding(model: ConvNet) -> int:
    """Pixels of zeros on either side of a map that the convolutions of `model` add."""
    return model.kernel_size // 2 if model.padding == "same" else 0


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
    if min(height, width) < VGG19_LEAST_SIDE:
        least = f"VGG19 needs {VGG19_LEAST_SIDE}x{VGG19_LEAST_SIDE} pixels"
        raise DoesNotFit(f"{least}, got {height}x{width}; set upscale_to={VGG19_LEAST_SIDE}")
    return height, width


@dataclass
class _Tally:
    """Sums up layers one by one; maps are (height, width)."""

    trainable: int = 0
    statistics: int = 0
    macs: int = 0
    outputs: int = 0

    def conv(self, kernel: int, c_in: int, c_out: int, output: tuple[int, int]) -> None:
        self.trainable += conv_params(kernel, c_in, c_out)
        self.macs += kernel * kernel * c_in * c_out * output[0] * output[1]
        self.output(c_out, output)

    def dense(self, n_in: int, n_out: int) -> None:
        self.conv(1, n_in, n_out, (1, 1))

    def norm(self, channels: int, output: tuple[int, int] = (1, 1)) -> None:
        self.trainable += 2 * channels  # scale and shift
        self.statistics += 2 * channels  # running mean and variance
        self.output(channels, output)

    def output(self, channels: int, output: tuple[int, int] = (1, 1)) -> None:
        self.outputs += channels * output[0] * output[1]

    def cost(self) -> Cost:
        return Cost(self.trainable + self.statistics, self.trainable, 2 * self.macs, FP32_BYTES * self.outputs)


class TracedLayer(NamedTuple):
    """One call of a layer that has no layers in it: its path, and the shapes of its outputs without the batch."""

    name: str
    module: "nn.Module"
    outputs: tuple[tuple[int, ...], ...]


def trace_cost(module: "nn.Module", shape: Shape) -> Cost:
    """The cost of any built module for one image of `shape` (channels, height, width): of what its forward pass does.

    FLOPs by `torch.utils.flop_counter`, which counts attention too. Activations are the outputs of all layers but
    `Flatten` and `Identity`, which copy nothing.

    Raises:
        DoesNotFit: the forward pass cannot take this shape.
    """
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        layers = trace_layers(module, shape)
    trainable = sum(weights.numel() for weights in module.parameters() if weights.requires_grad)
    kept = (layer.outputs for layer in layers if not isinstance(layer.module, nn.Flatten | nn.Identity))
    outputs = sum(prod(output) for outputs in kept for output in outputs)
    return Cost(count_params(module), trainable, counter.get_total_flops(), FP32_BYTES * outputs)


def trace_layers(module: "nn.Module", shape: Shape) -> list[TracedLayer]:
    """Run one image of `shape` through the module (nothing is computed on the meta device) and note each layer's call.

    Raises:
        DoesNotFit: the forward pass cannot take this shape; it names the layer.
    """
    import torch

    calls: list[TracedLayer] = []
    entered = [""]

    def leave(name: str, layer: "nn.Module", outputs: object) -> None:
        tensors = outputs if isinstance(outputs, tuple) else (outputs,)
        shapes = tuple(tuple(tensor.shape[1:]) for tensor in tensors if isinstance(tensor, torch.Tensor))
        calls.append(TracedLayer(name, layer, shapes))

    hooks = []
    for name, layer in module.named_modules():
        if not any(layer.children()):
            hooks.append(layer.register_forward_pre_hook(lambda *_, name=name: entered.append(name)))
            hooks.append(layer.register_forward_hook(lambda layer, _, outputs, name=name: leave(name, layer, outputs)))
    device = next((weights.device for weights in module.parameters()), torch.device("meta"))
    training = [layer for layer in module.modules() if layer.training]
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(1, *shape, device=device))
    except RuntimeError as error:
        if isinstance(error, NotImplementedError) or "meta" in str(error):
            raise  # what the meta device cannot do is no matter of shapes
        raise DoesNotFit(f"{str(error).splitlines()[0]} (layer {entered[-1]})") from error
    finally:
        for layer in training:
            layer.training = True
        for hook in hooks:
            hook.remove()
    return calls


def count_params(module: "nn.Module") -> int:
    """All parameters and the batch-norm running statistics, by the convention of `Cost.params`."""
    statistics = (kept for name, kept in module.named_buffers() if name.endswith(("running_mean", "running_var")))
    return sum(weights.numel() for weights in (*module.parameters(), *statistics))
