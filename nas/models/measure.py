"""The cost of a model config: by formula where one is known, else by building and tracing it."""

from nas.config import Backbone, Model
from nas.cost import CHAINS, DoesNotFit, trace_cost
from nas.records import Cost, Shape


def measure_cost(model: Model, shape: Shape, classes: int) -> Cost:
    """What `model` costs per image of `shape` (channels, height, width). Imports torch only for a model that is
    not known layer by layer, which is built and traced on the meta device, or with real numbers if it needs them.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
        TypeError: a network of one's own returns something else than a number for each class.
    """
    if type(model) in CHAINS:
        return CHAINS[type(model)](model, shape, classes).cost()
    if type(model) is Backbone:
        from nas.models.backbones.cost import backbone_cost

        return backbone_cost(model, shape, classes)
    import torch

    from nas.models.build import build_model

    def trace() -> Cost:
        module = build_model(model, shape, classes)
        outputs: list[object] = []
        module.register_forward_hook(lambda _, inputs, output: outputs.append(output))
        cost = trace_cost(module, shape)
        _check_output(model, outputs[-1], classes)
        return cost

    try:
        with torch.device("meta"):
            return trace()
    except DoesNotFit:
        raise
    except Exception:  # without numbers some code fails, each in its own way; with them it runs or shows the true cause
        return trace()


def _check_output(model: Model, output: object, classes: int) -> None:
    shape = getattr(output, "shape", None)
    got = type(output).__name__ if shape is None else list(shape)
    if got != [1, classes]:
        what = f"returns {got} for one image"
        raise TypeError(f"the network of {type(model).__name__} {what}, where [1, {classes}] is wanted")
