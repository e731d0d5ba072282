"""The leaf layers of backbones in forward order: what `Unfreeze` counts."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nas.models.backbones.published import cut_classifier, last_map, library_network, take_channels
from nas.models.summary import Layer
from nas.records import Shape


class Traced(NamedTuple):
    """layers: in the order of their first call. maps: shape of the last map (channels, height, width)."""

    layers: tuple[Layer, ...]
    maps: Shape


def leaf_layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Path and module of what counts as a layer: it has nothing inside, or weights of its own beside what is inside (a
    norm with its activation, a block with a scale). `Identity` does nothing and does not count.
    """
    for path, module in network.named_modules():
        if not isinstance(module, nn.Identity) and (own_params(module) or not any(module.children())):
            yield path, module


def own_params(module: nn.Module) -> int:
    """Weights and running statistics of the module without those of the modules inside it."""
    statistics = (kept for name, kept in module.named_buffers(recurse=False) if name.startswith("running_"))
    return sum(numbers.numel() for numbers in (*module.parameters(recurse=False), *statistics))


@lru_cache(maxsize=256)
def trace_backbone(name: str, shape: Shape) -> Traced:
    """The backbone `name` as images of `shape` (channels, height, width) pass it. Nothing is computed.

    Raises:
        RuntimeError: the images are too small for the network.
    """
    with torch.device("meta"):
        network = library_network(name, classes=1)
        cut_classifier(network, name)
        take_channels(network, shape[0])
    outputs: dict[str, tuple[int, ...]] = {}  # in the order of the first calls
    layers = dict(leaf_layers(network))

    def enter(path: str) -> None:
        outputs.setdefault(path, ())

    def leave(path: str, output: Tensor) -> None:
        outputs[path] = outputs[path] or tuple(output.shape[1:])

    for path, layer in layers.items():
        layer.register_forward_pre_hook(lambda *_, path=path: enter(path))
        layer.register_forward_hook(lambda *given, path=path: leave(path, given[-1]))
    with torch.no_grad():
        maps = last_map(network.eval(), name, torch.empty(1, *shape, device="meta"))
    rows = [Layer(path, type(layers[path]).__name__, out, own_params(layers[path])) for path, out in outputs.items()]
    return Traced(tuple(rows), (maps.shape[1], maps.shape[2], maps.shape[3]))
