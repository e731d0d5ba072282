"""The plain convolutional network of the manual ablation study."""

from collections import OrderedDict

from torch import Tensor, nn

from nas.config import ConvNet
from nas.cost import convnet_maps, same_padding
from nas.models.initialise import initialise
from nas.records import Shape


class GlobalAveragePool(nn.Module):
    """The mean of each map: [N, C, H, W] -> [N, C].

    As a sum and a division, for the backward pass of `mean` and `AdaptiveAvgPool2d(1)` writes a gradient with the
    channels first, which makes the layers before it up to ten times slower when they have the channels last.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        return maps.sum((2, 3)) / (maps.shape[2] * maps.shape[3])


def build_convnet(model: ConvNet, shape: Shape, classes: int) -> nn.Sequential:
    """The network of `model` for images of `shape` (channels, height, width), its layers named `conv1`, `norm1`,
    `relu1`, `pool1`, ..., `output`.

    Raises:
        DoesNotFit: a kernel without padding is larger than the map that it meets.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = shape[0]
    for number, (_, pooled_map) in enumerate(convnet_maps(model, shape), start=1):
        layers[f"conv{number}"] = nn.Conv2d(channels, model.filters, model.kernel_size, padding=same_padding(model))
        channels = model.filters
        if model.batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm2d(channels)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
        if pooled_map:
            layers[f"pool{number}"] = nn.MaxPool2d(2)
    layers["average_pool"] = GlobalAveragePool()
    width = channels
    for number in range(1, model.dense_layers + 1):
        layers[f"dense{number}"] = nn.Linear(width, model.dense_width)
        width = model.dense_width
        if model.batch_norm:
            layers[f"dense{number}_norm"] = nn.BatchNorm1d(width)
        layers[f"dense{number}_relu"] = nn.ReLU(inplace=True)
        if model.dropout:
            layers[f"dense{number}_dropout"] = nn.Dropout(model.dropout)
    layers["output"] = nn.Linear(width, classes)
    network = nn.Sequential(layers)
    initialise(network)
    return network
