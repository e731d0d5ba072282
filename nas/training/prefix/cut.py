"""Where a backbone is cut in two: a prefix, which is the same in every epoch, and the rest, which is trained."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, relu

from nas.config import Backbone, Head, Unfreeze
from nas.models.backbones import BackboneNet, build_backbone
from nas.models.backbones.recipes import RECIPES
from nas.records import Shape
from nas.training.prefix.trace import Boundary, Trace

LEAST_SHARE = 0.05
"""A prefix with less of the network's layers with weights is not worth its disk: the first maps are large and soon
computed."""
_MAPS = 3
"""Dimensions of the maps of one image: channels, height, width."""


@dataclass(frozen=True)
class Cut:
    """units: paths of the modules (or methods) before the cut, which run one after the other. shape: of what passes the
    cut, without the batch: (channels, height, width), or (numbers,). pooled: maps are averaged to one pixel last.
    """

    units: tuple[str, ...]
    shape: tuple[int, ...]
    pooled: bool = False


def find_cuts(net: BackboneNet, shape: Shape) -> tuple[Cut, ...]:
    """Where `net` can be cut for images of `shape` (channels, height, width), the best first: most layers with weights
    in the prefix, then the fewest numbers to keep, then most layers. Empty where (nearly) all layers are trained.

    No layer of a prefix is trained, draws random numbers or keeps statistics in training mode. Blocks with connections
    around their layers are not cut inside.
    """
    trace = Trace(net, shape, _methods(net))
    found: list[tuple[tuple[int, int, int], Cut]] = []
    for boundary in trace.boundaries():
        weighted = bisect_right(trace.weighted, boundary.ends)
        if weighted > LEAST_SHARE * len(trace.weighted) and boundary.ends <= trace.fixed:
            found += (((-weighted, prod(cut.shape), -boundary.ends), cut) for cut in _cuts_at(net, boundary))
    return tuple(cut for _, cut in sorted(found, key=lambda pair: pair[0]))


def cuts_of(model: Backbone, unfreeze: Unfreeze, shape: Shape) -> tuple[Cut, ...]:
    """`find_cuts` of the network of `model` with these layers trained. A process finds them once for all trials that
    differ in their weights, in training, or in the head behind its pooling.
    """
    head = model.head and Head(pool=model.head.pool)
    plain = Backbone(model.name, unfreeze=unfreeze, head=head, resize_to=model.resize_to)
    return _found(plain, shape)


@lru_cache(maxsize=256)
def _found(model: Backbone, shape: Shape) -> tuple[Cut, ...]:
    with torch.device("meta"):
        return find_cuts(build_backbone(model, shape, classes=2), shape)


def run_prefix(net: BackboneNet, cut: Cut, images: Tensor) -> Tensor:
    """What passes the cut [N, *shape] of normalised images [N, channels, height, width]."""
    for path in cut.units:
        owner, _, name = path.rpartition(".")
        images = getattr(net.get_submodule(owner), name)(images)
    if cut.pooled:
        images = adaptive_avg_pool2d(relu(images) if RECIPES[net.name].final_relu else images, 1)
    return images


def prefix_modules(net: BackboneNet, cut: Cut) -> dict[str, nn.Module]:
    """The modules before the cut by their paths, in the order in which they run."""
    found: dict[str, nn.Module] = {}
    for path in cut.units:
        if path in _methods(net):
            found |= {f"network.{name}": net.network.get_submodule(name) for name in _children(net)}
        else:
            found[path] = net.get_submodule(path)
    return found


def _methods(net: BackboneNet) -> tuple[str, ...]:
    """The method that runs all of the backbone, where it can be run apart."""
    if net.head is not None:
        return ("last_map",)
    return ("network.forward_features",) if RECIPES[net.name].timm else ()


def _children(net: BackboneNet) -> list[str]:
    """The children of the library's network that are its backbone."""
    classifier = RECIPES[net.name].classifier
    return [name for name, _ in net.network.named_children() if name not in classifier]


def _cuts_at(net: BackboneNet, boundary: Boundary) -> list[Cut]:
    """The cut there, and the one behind the average pooling that some networks do between two modules.

    That pooling then runs again on its own result, which it leaves as it is.
    """
    shape = tuple(boundary.tensor.shape[1:])
    if len(shape) not in (1, _MAPS):
        return []
    cuts = [Cut(boundary.units, shape)]
    whole = {f"network.{name}" for name in _children(net)} <= set(boundary.units)
    if RECIPES[net.name].pools and net.head is None and whole:
        cuts.append(Cut(boundary.units, (shape[0], 1, 1), pooled=True))
    return cuts
