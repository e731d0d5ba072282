"""The cost of a model config: by formula where one is known, else by building and tracing it."""

from collections.abc import Callable
from typing import Any

from nas.config import VGG19, ConvNet, Model
from nas.cost import DoesNotFit, convnet_cost, trace_cost, vgg19_cost
from nas.records import Cost, Shape

FORMULAS: dict[type[Model], Callable[[Any, Shape, int], Cost]] = {ConvNet: convnet_cost, VGG19: vgg19_cost}


def measure_cost(model: Model, shape: Shape, classes: int) -> Cost:
    """What `model` costs per image of `shape` (channels, height, width). Imports torch only for a model without a
    formula, which is built and traced on the meta device, or with real numbers if it needs them.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
    """
    if type(model) in FORMULAS:
        return FORMULAS[type(model)](model, shape, classes)
    import torch

    from nas.models.build import build_model

    try:
        with torch.device("meta"):
            module = build_model(model, shape, classes)
        return trace_cost(module, shape)
    except DoesNotFit:
        raise
    except Exception:  # without numbers some code fails, each in its own way; with them it runs or shows the true cause
        return trace_cost(build_model(model, shape, classes), shape)
