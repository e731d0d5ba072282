"""Random weights that deep networks without batch norm learn from."""

from torch import nn

from nas.cost.chain import Chain
from nas.cost.layers import Conv, Linear


def initialise(network: nn.Module, chain: Chain) -> None:
    """Set all convolutions and dense layers of `network`, which `chain` describes: weights normal with deviation
    gain / sqrt(fan-in), see `GAIN`, biases zero.

    torch's own default has variance 1 / (3 fan-in): through ReLU the signal falls to a sixth at each layer. With it
    VGG19 stays at chance level, and deep `ConvNet`s need several times the epochs.
    """
    for path, layer, _ in chain.leaves():
        if isinstance(layer, Conv | Linear):
            built = network.get_submodule(path)
            assert isinstance(built, nn.Conv2d | nn.Linear)
            assert built.bias is not None
            nn.init.normal_(built.weight, std=layer.gain / built.weight[0].numel() ** 0.5)
            nn.init.zeros_(built.bias)
