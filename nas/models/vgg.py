"""VGG19 (Simonyan & Zisserman 2014) with torchvision's convolutions and a head for small images."""

from collections import OrderedDict

import torch
from torch import nn

from nas.config import VGG19
from nas.cost import VGG19_POOLED_SIDE, vgg19_input
from nas.models.initialise import initialise
from nas.records import Shape


def build_vgg19(model: VGG19, shape: Shape, classes: int) -> nn.Sequential:
    """The network of `model` for images of `shape` (channels, height, width), with random weights.

    Raises:
        DoesNotFit: the images, enlarged or not, are smaller than 32 x 32.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    sides = vgg19_input(model, shape)
    if sides != shape[1:]:
        layers["enlarge"] = nn.Upsample(sides, mode="bilinear")
    layers["features"] = _features(shape[0])
    layers["average_pool"] = nn.AdaptiveAvgPool2d(VGG19_POOLED_SIDE)
    layers["flatten"] = nn.Flatten()
    layers["dense"] = nn.Linear(512 * VGG19_POOLED_SIDE**2, model.head_width)
    layers["dense_relu"] = nn.ReLU(inplace=True)
    if model.dropout:
        layers["dense_dropout"] = nn.Dropout(model.dropout)
    layers["output"] = nn.Linear(model.head_width, classes)
    network = nn.Sequential(layers)
    initialise(network)
    return network


def _features(channels: int) -> nn.Sequential:
    """torchvision's 16 convolutions, their weights not yet set; its classifier of 124 million takes no memory."""
    from torchvision.models import vgg19  # here, for it takes as long to import as torch itself

    device = torch.get_default_device()
    with torch.device("meta"):
        features = vgg19(init_weights=False).features
        if channels != 3:
            features[0] = nn.Conv2d(channels, 64, kernel_size=3, padding=1)
    empty: nn.Sequential = features.to_empty(device=device)
    return empty
