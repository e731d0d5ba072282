"""Random images and generators."""

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

Draw = Callable[..., Tensor]


@pytest.fixture
def generator() -> Generator:
    return Generator().manual_seed(3)


@pytest.fixture
def noise() -> Draw:
    """Makes random images, uint8, of this shape (N, C, H, W)."""

    def draw(*shape: int, seed: int = 0) -> Tensor:
        return torch.randint(0, 256, shape, generator=Generator().manual_seed(seed), dtype=torch.uint8)

    return draw
