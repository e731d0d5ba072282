"""From a model config to a network."""

from collections.abc import Callable
from typing import Any

from torch import nn

from nas.config import VGG19, Backbone, Model
from nas.cost import CHAINS
from nas.models.chain import build_chain
from nas.models.vgg import build_vgg19
from nas.records import Shape


def build_model(model: Model, shape: Shape, classes: int) -> nn.Module:
    """The network of `model` with random weights, on torch's default device.

    It takes normalised float images [N, channels, height, width] with `shape` = (channels, height, width) and returns
    logits [N, classes]. A `Model` with a `build` of its own is built by that.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
        TypeError: a model's own `build` returned something else than a module.
    """
    kind = type(model)
    if kind in BUILDERS:
        return BUILDERS[kind](model, shape, classes)
    if kind in CHAINS:
        return build_chain(CHAINS[kind](model, shape, classes))
    module = model.build(shape, classes)
    if not isinstance(module, nn.Module):
        raise TypeError(f"{kind.__name__}.build must return a torch.nn.Module, got {type(module).__name__}")
    return module


def _build_backbone(model: Backbone, shape: Shape, classes: int) -> nn.Module:
    from nas.models.backbones.build import build_backbone  # here, for torchvision and timm take long to import

    return build_backbone(model, shape, classes)


BUILDERS: dict[type[Model], Callable[[Any, Shape, int], nn.Module]] = {
    Backbone: _build_backbone,
    VGG19: build_vgg19,
}
