from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from nas.training.precision import choose_precision, has_fast_bf16, prepare_forward

CPU = torch.device("cpu")


@pytest.mark.parametrize(("amx", "avx512", "fast"), [(0, 0, False), (0, 1, True), (1, 0, True), (1, 1, True)])
def test_auto_is_bf16_where_the_processor_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch, amx: int, avx512: int, fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: bool(amx))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bool(avx512))
    assert has_fast_bf16(CPU) is fast
    assert choose_precision("auto", CPU) == ("bf16" if fast else "fp32")
    assert choose_precision("bf16", CPU) == "bf16"
    assert choose_precision("fp32", CPU) == "fp32"


def test_this_processor_can_be_asked() -> None:
    assert has_fast_bf16(CPU) in (True, False)


def convolution() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, kernel_size=3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))


def floats(pixels: Tensor) -> Tensor:
    return pixels / 255


@pytest.mark.parametrize(("precision", "inner"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_computes_in_its_precision_and_returns_fp32(precision: Literal["bf16", "fp32"], inner: torch.dtype) -> None:
    model = convolution()
    seen = []
    model.get_submodule("0").register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    logits = prepare_forward(model, floats, precision)(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    assert seen == [inner]
    assert logits.dtype == torch.float32
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


@pytest.mark.parametrize(("precision", "last"), [("bf16", True), ("fp32", False)])
def test_channels_last_for_bf16(precision: Literal["bf16", "fp32"], last: bool) -> None:
    model = convolution()
    prepare_forward(model, floats, precision)
    assert model.get_parameter("0.weight").is_contiguous(memory_format=torch.channels_last) is last


def test_a_model_without_convolutions_is_left_as_it_is() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    logits = prepare_forward(model, floats, "bf16")(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    assert logits.shape == (2, 2)
