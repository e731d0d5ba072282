"""In which number format a network computes, and how its images reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Normalise = Callable[[Tensor], Tensor]
"""From raw images (uint8 [N, C, H, W]) to what a network takes (float32, same shape)."""


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on CPUs with AMX or AVX512-bf16 (others emulate it), on GPUs from Ampere on."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def choose_precision(wanted: Literal["auto", "bf16", "fp32"], device: torch.device) -> Literal["bf16", "fp32"]:
    """The precision to train in. `auto` is bf16 where the device is made for it; bf16 by name is slow elsewhere."""
    if wanted == "auto":
        return "bf16" if has_fast_bf16(device) else "fp32"
    return wanted


@dataclass(frozen=True)
class Forward:
    """Runs a model on raw images: normalises them, and computes in its precision."""

    model: nn.Module
    normalise: Normalise
    precision: Literal["bf16", "fp32"]

    def __call__(self, pixels: Tensor) -> Tensor:
        """Logits (float32 [N, classes]) of raw images (uint8 [N, C, H, W])."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            logits: Tensor = self.model(self.normalise(pixels))
        return logits.float()


def prepare_forward(model: nn.Module, normalise: Normalise, precision: Literal["bf16", "fp32"]) -> Forward:
    """A `Forward` of the model. For bf16 its convolution weights are laid out channels last, which is faster there;
    the convolutions then bring their inputs into the same layout.
    """
    if precision == "bf16" and any(parameter.dim() == 4 for parameter in model.parameters()):
        model.to(memory_format=torch.channels_last)
    return Forward(model, normalise, precision)
