"""The networks of a workload, as one writes them by hand."""

import torch
from torch import nn
from torchvision.models import mobilenet_v2


def convnet(config, channels=3, classes=10, side=32):
    """Convolutions with ReLU, average pooling, dense layers."""
    layers = []
    for _ in range(config["conv_layers"]):
        layers.append(nn.Conv2d(channels, config["filters"], config["kernel_size"], padding="same"))
        channels = config["filters"]
        if config["batch_norm"]:
            layers.append(nn.BatchNorm2d(channels))
        layers.append(nn.ReLU(inplace=True))
        if config["max_pool"] and side > 1:
            layers.append(nn.MaxPool2d(2))
            side //= 2
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    for _ in range(config["dense_layers"]):
        layers.append(nn.Linear(channels, config["dense_width"]))
        channels = config["dense_width"]
        if config["batch_norm"]:
            layers.append(nn.BatchNorm1d(channels))
        layers.append(nn.ReLU(inplace=True))
        if config["dropout"]:
            layers.append(nn.Dropout(config["dropout"]))
    layers.append(nn.Linear(channels, classes))
    return nn.Sequential(*layers)


class FrozenMobileNet(nn.Module):
    """A pretrained MobileNetV2 that is not trained, with a head that is."""

    def __init__(self, config, weights, classes=10):
        super().__init__()
        network = mobilenet_v2()
        network.load_state_dict(torch.load(weights))
        self.features = network.features.requires_grad_(False)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(network.last_channel, config["head_width"]),
            nn.ReLU(inplace=True),
            nn.Dropout(config["dropout"]),
            nn.Linear(config["head_width"], classes),
        )

    def train(self, mode=True):
        super().train(mode)
        self.features.eval()  # running statistics stay
        return self

    def forward(self, images):
        with torch.no_grad():
            maps = self.features(images)
        return self.head(maps)


def build(workload, config):
    """The network of one config."""
    if workload["weights"]:
        return FrozenMobileNet(config, workload["weights"])
    return convnet(config, side=workload["side"])
