"""The trained part of a network that is cut in two."""

import copy
from typing import Any, Self, cast

from torch import Tensor, nn

from nas.models.backbones import BackboneNet
from nas.training.prefix.cut import Cut


class Rest(nn.Module):
    """What comes after the cut: from what passes it [N, *shape] to the logits of `net` [N, classes].

    It shares its layers with `net`, and puts that into training or evaluation mode with itself.
    """

    def __init__(self, net: BackboneNet, cut: Cut) -> None:
        super().__init__()
        self._net = (net,)  # in a tuple, for the layers of the prefix are none of its own
        self._copied: list[tuple[nn.Module, nn.Module]] = []
        self.net = self._without(net, "", cut.units)

    def train(self, mode: bool = True) -> Self:
        """Put the whole network into training or evaluation mode."""
        self.training = mode
        self._net[0].train(mode)
        return self

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        for twin, original in self._copied:
            twin.training = original.training
        return cast(Tensor, self.net(features))

    def _without(self, module: nn.Module, path: str, units: tuple[str, ...]) -> nn.Module:
        """The module with nothing in place of the units: copied as far as a unit lies inside, else itself."""
        if path in units:
            return nn.Identity()
        inside = f"{path}." if path else ""
        mine = [unit.removeprefix(inside) for unit in units if unit.startswith(inside)]
        if not mine:
            return module
        twin = copy.copy(module)
        children: dict[str, Any] = {
            name: child and self._without(child, inside + name, units) for name, child in module._modules.items()
        }
        methods = {name: _pass for name in mine if "." not in name and name not in children}
        twin.__dict__.update(methods, _modules=children)
        self._copied.append((twin, module))
        return twin


def _pass(features: Tensor) -> Tensor:
    return features
