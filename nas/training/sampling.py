"""Which training images an epoch takes, and in which order."""

from typing import Any, Protocol

import torch
from torch import Tensor

from nas.config import TrialConfig


class Sampler(Protocol):
    """Deals out training images."""

    def next_epoch(self) -> Tensor:
        """Indices (int64, on the CPU) of the images of the next epoch, in their order."""

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""


class Rounds:
    """`size` of `count` images an epoch. Each round through all of them has a random order of its own, and an epoch
    begins where the one before it ended.
    """

    def __init__(self, count: int, size: int, seed: int) -> None:
        self.count = count
        self.size = size
        self.generator = torch.Generator().manual_seed(seed)
        self._rest = torch.empty(0, dtype=torch.int64)

    def next_epoch(self) -> Tensor:
        """See `Sampler`."""
        rounds = [self._rest]
        while sum(map(len, rounds)) < self.size:
            rounds.append(torch.randperm(self.count, generator=self.generator))
        order = torch.cat(rounds)
        self._rest = order[self.size :].clone()  # a view would be saved with all of its storage
        return order[: self.size]

    def state_dict(self) -> dict[str, Any]:
        """See `Sampler`."""
        return {"generator": self.generator.get_state(), "rest": self._rest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Sampler`."""
        self.generator.set_state(state["generator"])
        self._rest = state["rest"]


class Balanced:
    """`size` draws an epoch with replacement, in which every class that there is has the same chance.

    labels: int64 [count], the class of each image.
    """

    def __init__(self, labels: Tensor, size: int, seed: int) -> None:
        self.weights = 1 / torch.bincount(labels)[labels].double()
        self.size = size
        self.generator = torch.Generator().manual_seed(seed)

    def next_epoch(self) -> Tensor:
        """See `Sampler`."""
        return torch.multinomial(self.weights, self.size, replacement=True, generator=self.generator)

    def state_dict(self) -> dict[str, Any]:
        """See `Sampler`."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Sampler`."""
        self.generator.set_state(state["generator"])


def build_sampler(config: TrialConfig, labels: Tensor) -> Sampler:
    """The sampler of `config` for training images with these labels [count]."""
    size = config.images_per_epoch or len(labels)
    if config.class_balanced:
        return Balanced(labels.cpu(), size, config.seed)
    return Rounds(len(labels), size, config.seed)
