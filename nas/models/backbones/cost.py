"""What a backbone costs. Configs that differ in training only share one tracing, which takes up to seconds."""

from dataclasses import replace
from functools import lru_cache

import torch

from nas.config import All, Backbone
from nas.cost import trace_cost
from nas.models.backbones.build import build_backbone
from nas.models.backbones.net import BackboneNet
from nas.records import Cost, Shape


def backbone_cost(model: Backbone, shape: Shape, classes: int) -> Cost:
    """What `model` costs per image of `shape` (channels, height, width), with the layers trained that it unfreezes.

    Raises:
        DoesNotFit: the images, resized or not, are too small for the network.
    """
    net, cost = _traced(model.replace(weights=None, unfreeze=All(), l1=0.0, l2=0.0), shape, classes)
    net.set_trained(model.unfreeze)
    trained = sum(weights.numel() for weights in net.parameters() if weights.requires_grad)
    return replace(cost, trainable_params=trained)


@lru_cache(maxsize=64)
def _traced(model: Backbone, shape: Shape, classes: int) -> tuple[BackboneNet, Cost]:
    with torch.device("meta"):
        net = build_backbone(model, shape, classes)
    return net, trace_cost(net, shape)
