"""The networks as torchvision and timm build them, with the few changes that are the same for all."""

import importlib
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, relu

from nas.models.backbones.recipes import RECIPES


def library_network(name: str, classes: int, dropout: float | None = None) -> nn.Module:
    """The network `name` for 3 channels, with its library's random weights, on torch's default device.

    dropout: rate of all dropout in its classifier; None for the published one.
    """
    recipe = RECIPES[name]
    rate = recipe.dropout if dropout is None else dropout
    if recipe.timm:
        timm = importlib.import_module("timm")
        network: nn.Module = timm.create_model(recipe.builder, num_classes=classes, drop_rate=rate or 0.0)
        return network
    models = importlib.import_module("torchvision.models")
    network = getattr(models, recipe.builder)(num_classes=classes, **recipe.options)
    if rate is not None:
        _set_dropout(network, recipe.classifier, rate)
    return network


def cut_classifier(network: nn.Module, name: str) -> None:
    """Leave nothing but the backbone of the network `name`."""
    for child in RECIPES[name].classifier:
        delattr(network, child)


def last_map(network: nn.Module, name: str, images: Tensor) -> Tensor:
    """What the backbone of the network `name` makes of images: maps [N, channels, height, width]."""
    recipe = RECIPES[name]
    if recipe.timm:
        maps: Tensor = network.forward_features(images)  # type: ignore[operator]
        return maps
    for child_name, child in network.named_children():
        if child_name not in recipe.classifier:
            images = child(images)
    return relu(images) if recipe.final_relu else images


def stem(network: nn.Module) -> tuple[str, nn.Conv2d]:
    """The path of the first convolution, and itself."""
    return next((path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Conv2d))


def take_channels(network: nn.Module, channels: int) -> None:
    """Make the first convolution take so many channels."""
    _, conv = stem(network)
    if channels != conv.in_channels:
        conv.weight = nn.Parameter(adapt_channels(conv.weight.detach(), channels))
        conv.in_channels = channels


def adapt_channels(weight: Tensor, channels: int) -> Tensor:
    """Kernels [filters, 3, k, k] for another number of channels, with the same answer to grey images.

    One channel: the sum over the colours, as if grey had been repeated. More: the colours in turn, times 3 / channels.
    """
    if channels == 1:
        return weight.sum(1, keepdim=True)
    turns = torch.arange(channels, device=weight.device) % 3
    return weight[:, turns] * (3 / channels)


def _set_dropout(network: nn.Module, classifier: tuple[str, ...], rate: float) -> None:
    """Give all dropout of the classifier this rate; where it has none, drop what its output layer gets."""
    layers = [layer for child in classifier for layer in network.get_submodule(child).modules()]
    drops = [layer for layer in layers if isinstance(layer, nn.Dropout)]
    for drop in drops:
        drop.p = rate
    if not drops:  # a hook, for another layer would change the names of the weights
        layers[-1].register_forward_pre_hook(partial(_drop_input, rate))


def _drop_input(rate: float, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    return dropout(inputs[0], rate, layer.training)
