"""From raw values to what a network takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from nas.config import TrialConfig
from nas.data.splits import Splits
from nas.models.pretrained import input_moments

WHITE = 255.0


@dataclass(frozen=True)
class Scaling:
    """(x / scale - mean) / std in each channel.

    mean, std: [C], on the device where images are; float32, and float64 for tables, whose columns may lie far from 0.
    scale: 255 for images, so that mean and std are those of pixels in [0, 1]; 1 for tables.
    """

    mean: Tensor
    std: Tensor
    scale: float = WHITE

    def __call__(self, pixels: Tensor) -> Tensor:
        """Float32 of the same shape [N, C, H, W] from bytes or floats."""
        summand, factor = self._terms
        return torch.addcmul(summand, pixels.to(summand.dtype), factor).float()

    @cached_property
    def _terms(self) -> tuple[Tensor, Tensor]:
        with torch.inference_mode(False):  # they serve training too, wherever they are first asked for
            factor = 1 / (self.scale * self.std)
            return (-self.mean / self.std).view(-1, 1, 1), factor.view(-1, 1, 1)

    def to_data(self) -> dict[str, Any]:
        """As JSON data: `mean`, `std` and `scale`."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist(), "scale": self.scale}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], device: str | torch.device = "cpu") -> "Scaling":
        """The inverse of `to_data`; of other keys `task` says whether it is a table's, the rest is passed over."""
        kind = torch.float64 if data.get("task") == "regression" else torch.float32
        mean, std = (torch.tensor(data[name], dtype=kind, device=device) for name in ("mean", "std"))
        return cls(mean, std, data["scale"])


def scaling_of(config: TrialConfig, splits: Splits) -> Scaling:
    """What `config.input_scaling` means for this data; the columns of a table are always standardised."""
    own = Scaling(splits.mean, splits.std)
    if config.data.task == "regression":
        return Scaling(splits.mean, splits.std, scale=1.0)
    match config.input_scaling:
        case "unit":
            return Scaling(torch.zeros_like(own.mean), torch.ones_like(own.std))
        case "none":
            return Scaling(torch.zeros_like(own.mean), torch.ones_like(own.std), scale=1.0)
        case "standardise":
            return own
    wanted = input_moments(config.model)
    if wanted is None:
        return own
    mean, std = wanted
    return Scaling(_for_channels(mean, own.mean), _for_channels(std, own.mean))


def _for_channels(moments: tuple[float, ...], like: Tensor) -> Tensor:
    """A number for each channel; grey images take the mean of the colours'."""
    values = torch.tensor(moments).to(like)
    return values if len(values) == len(like) else values.mean().expand_as(like).clone()
