"""The cost of any built module, and its layers, by running it. Only here is torch imported, when it is used."""

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from nas.cost.chain import FP32_BYTES
from nas.cost.formulas import DoesNotFit
from nas.records import Cost, Shape

if TYPE_CHECKING:
    from torch import nn


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
        if next(layer.children(), None) is None:
            hooks.append(layer.register_forward_pre_hook(lambda *_, name=name: entered.append(name)))
            hooks.append(layer.register_forward_hook(lambda layer, _, outputs, name=name: leave(name, layer, outputs)))
    device = next((weights.device for weights in module.parameters()), torch.device("meta"))
    training = [layer for layer in module.modules() if layer.training]
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # fused attention calls no layers, and its FLOPs are not counted
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(1, *shape, device=device))
    except RuntimeError as error:
        if isinstance(error, NotImplementedError) or "meta" in str(error):
            raise  # what the meta device cannot do is no matter of shapes
        raise DoesNotFit(f"{str(error).splitlines()[0]} (layer {entered[-1]})") from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for layer in training:
            layer.training = True
        for hook in hooks:
            hook.remove()
    return calls


def count_params(module: "nn.Module") -> int:
    """All parameters and the batch-norm running statistics, by the convention of `Cost.params`."""
    statistics = (kept for name, kept in module.named_buffers() if name.endswith(("running_mean", "running_var")))
    return sum(weights.numel() for weights in (*module.parameters(), *statistics))
