"""VGG19 (Simonyan & Zisserman 2014), its convolutions named as torchvision does, with a head for small images."""

from collections import OrderedDict

import torch
from torch import nn

from nas.config import VGG19
from nas.cost import Chain, vgg19_chain
from nas.cost.chain import Leaf
from nas.models.chain import build_part
from nas.models.initialise import initialise
from nas.records import Shape


def build_vgg19(model: VGG19, shape: Shape, classes: int) -> nn.Sequential:
    """The network of `model` for images of `shape` (channels, height, width), with random weights.

    Raises:
        DoesNotFit: the images, enlarged or not, are smaller than 32 x 32.
    """
    chain = vgg19_chain(model, shape, classes)
    network = nn.Sequential(OrderedDict((name, _build(part)) for name, part in chain.parts.items()))
    initialise(network, chain)
    return network


def _build(part: Leaf | Chain) -> nn.Module:
    """The convolutions, which are a part, without torch's own weights: to draw 20 million for nothing takes a while."""
    if isinstance(part, Leaf):
        return build_part(part)
    device = torch.get_default_device()
    with torch.device("meta"):
        features = build_part(part)
    return features.to_empty(device=device)
