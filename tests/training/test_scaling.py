import dataclasses
import json
from typing import Literal

import pytest
import torch
from torch import Tensor

from nas.config import MLP, Diabetes, TrialConfig
from nas.data.splits import Images, Splits
from nas.training import scaling as module
from nas.training.scaling import Scaling, scaling_of


@pytest.fixture
def pixels(splits: Splits) -> Tensor:
    return splits.train.pixels


@pytest.mark.parametrize("scaling", ["auto", "standardise"])
def test_standardised_pixels(
    config: TrialConfig, splits: Splits, pixels: Tensor, scaling: Literal["auto", "standardise"]
) -> None:
    scaled = scaling_of(config.replace(input_scaling=scaling), splits)(pixels)
    assert scaled.mean().item() == pytest.approx(0, abs=1e-5)
    assert scaled.std(correction=0).item() == pytest.approx(1, rel=1e-5)
    assert torch.equal(scaled, splits.normalise(pixels))


def test_other_scalings(config: TrialConfig, splits: Splits, pixels: Tensor) -> None:
    assert torch.allclose(scaling_of(config.replace(input_scaling="unit"), splits)(pixels), pixels / 255)
    assert torch.equal(scaling_of(config.replace(input_scaling="none"), splits)(pixels), pixels.float())


@pytest.mark.parametrize("wanted", [((0.4,), (0.2,)), ((0.3, 0.4, 0.5), (0.1, 0.2, 0.3))])
def test_auto_follows_pretrained_weights(
    config: TrialConfig,
    splits: Splits,
    pixels: Tensor,
    monkeypatch: pytest.MonkeyPatch,
    wanted: tuple[tuple[float, ...], tuple[float, ...]],
) -> None:
    """Grey images get the mean of the colours' moments."""
    monkeypatch.setattr(module, "input_moments", lambda model: wanted)
    assert torch.allclose(scaling_of(config, splits)(pixels), (pixels / 255 - 0.4) / 0.2, atol=1e-6)
    assert torch.equal(
        scaling_of(config.replace(input_scaling="standardise"), splits)(pixels), splits.normalise(pixels)
    )


@pytest.mark.parametrize("scaling", ["auto", "none", "unit"])
def test_columns_are_always_standardised(
    config: TrialConfig, splits: Splits, scaling: Literal["auto", "none", "unit"]
) -> None:
    random = torch.Generator().manual_seed(0)
    columns = 1000 * torch.rand(50, 2, 1, 1, generator=random) + torch.tensor([5e3, -2e2]).view(2, 1, 1)
    mean, std = columns.mean((0, 2, 3)), columns.std((0, 2, 3), correction=0)
    rows = Images(columns, torch.zeros(50))
    table = dataclasses.replace(splits, train=rows, mean=mean, std=std, target=(0.0, 1.0))
    scaled = scaling_of(config.replace(data=Diabetes(), model=MLP(), input_scaling=scaling), table)(columns)
    assert scaled.mean((0, 2, 3)).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert scaled.std((0, 2, 3), correction=0).tolist() == pytest.approx([1, 1], rel=1e-4)


def test_serves_gradients_after_inference(pixels: Tensor) -> None:
    scaling = Scaling(torch.tensor([0.3]), torch.tensor([0.7]))
    with torch.inference_mode():
        scaling(pixels)
    values = pixels.float().requires_grad_()
    (gradient,) = torch.autograd.grad(scaling(values).sum(), values)
    assert torch.allclose(gradient, torch.full_like(values, 1 / (255 * 0.7)))


def test_comes_back_from_json(pixels: Tensor) -> None:
    scaling = Scaling(torch.tensor([0.3]), torch.tensor([0.7]))
    again = Scaling.from_data(json.loads(json.dumps({**scaling.to_data(), "digest": "x"})))
    assert torch.equal(again(pixels), scaling(pixels))
