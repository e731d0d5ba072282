"""From a model config to a network."""

from collections.abc import Callable
from typing import Any

from torch import nn

from nas.config import VGG19, ConvNet, Model
from nas.models.convnet import build_convnet
from nas.models.vgg import build_vgg19
from nas.records import Shape

BUILDERS: dict[type[Model], Callable[[Any, Shape, int], nn.Module]] = {ConvNet: build_convnet, VGG19: build_vgg19}


def build_model(model: Model, shape: Shape, classes: int) -> nn.Module:
    """The network of `model` with random weights, on torch's default device.

    It takes normalised float images [N, channels, height, width] with `shape` = (channels, height, width) and returns
    logits [N, classes]. A `Model` with a `build` of its own is built by that.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
        TypeError: a model's own `build` returned something else than a module.
    """
    if type(model) in BUILDERS:
        return BUILDERS[type(model)](model, shape, classes)
    module = model.build(shape, classes)
    if not isinstance(module, nn.Module):
        raise TypeError(f"{type(model).__name__}.build must return a torch.nn.Module, got {type(module).__name__}")
    return module
