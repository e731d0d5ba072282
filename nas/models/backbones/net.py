"""A published network with a classifier for the classes at hand, of which some layers are trained."""

from typing import Self, cast

from torch import Tensor, nn

from nas.config import NETWORKS, Unfreeze
from nas.models.backbones.layers import trace_backbone
from nas.models.backbones.published import last_map


class BackboneNet(nn.Module):
    """name: in `NETWORKS`. network: the library's, whole or, where there is a `head`, without its classifier.

    layers: the leaf layers of the backbone in forward order, as `Unfreeze` counts them.
    """

    def __init__(self, name: str, network: nn.Module, resize: nn.Module | None, head: nn.Module | None) -> None:
        super().__init__()
        side = NETWORKS[name].input
        traced = trace_backbone(name, (3, side, side))
        self.name = name
        self.resize = resize
        self.network = network
        self.head = head
        self.layers = [network.get_submodule(layer.name) for layer in traced.layers]
        self._frozen: list[nn.Module] = []

    def set_trained(self, unfreeze: Unfreeze) -> None:
        """Train these layers of the backbone, and the classifier; freeze all others, whatever held before.

        A frozen layer gets no gradients and stays in inference mode: running statistics do not drift.

        Raises:
            ValueError: there are no such layers.
        """
        chosen = unfreeze.chosen(len(self.layers))
        self._frozen = [layer for index, layer in enumerate(self.layers) if index not in chosen]
        self.requires_grad_(True)
        for layer in self._frozen:
            for weights in layer.parameters(recurse=False):
                weights.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but frozen layers stay in inference mode."""
        super().train(mode)
        for layer in self._frozen:
            layer.training = False
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes] of normalised images [N, channels, height, width]."""
        if self.resize is not None:
            images = self.resize(images)
        if self.head is None:
            return cast(Tensor, self.network(images))
        return cast(Tensor, self.head(self.last_map(images)))

    def last_map(self, images: Tensor) -> Tensor:
        """What the backbone makes of images: maps [N, channels, height, width]."""
        return last_map(self.network, self.name, images)
