from types import SimpleNamespace
from typing import cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from nas import VGG19, Backbone, Frozen, Model, Stage, StagedNet
from nas.data.splits import Images
from nas.models.build import build_model
from nas.training import evaluate as module
from nas.training.evaluate import batch_size, outputs_of, stratified_sample
from nas.training.precision import Forward


def identity(pixels: Tensor) -> Tensor:
    return pixels.float()


def numbered(labels: Tensor) -> Images:
    """One-pixel images that hold their own number."""
    return Images(torch.arange(len(labels), dtype=torch.uint8).reshape(-1, 1, 1, 1), labels)


@pytest.mark.parametrize("batch_pixels", [1, 2**18, 36 * 7])
def test_outputs_are_those_of_evaluation_mode_in_order(batch_pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_PIXELS", batch_pixels)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(36), nn.Dropout(0.5), nn.Linear(36, 4))
    images = Images(torch.randint(0, 256, (50, 1, 6, 6), dtype=torch.uint8), torch.randint(0, 4, (50,)))
    with torch.inference_mode():
        outputs, labels = zip(*outputs_of(Forward(model.train(), identity, "fp32"), images), strict=True)
        expected = model.eval()(images.pixels.float())
    assert torch.allclose(torch.cat(outputs), expected, atol=1e-5)
    assert torch.equal(torch.cat(labels), images.labels)
    assert len(labels[0]) == min(50, max(1, batch_pixels // 36))


@pytest.mark.parametrize(
    "model",
    [
        Backbone("squeezenet1_1", resize_to=64, unfreeze=Frozen()),
        StagedNet(stages=(Stage(filters=2),), resize_to=64),
        VGG19(head_width=2, upscale_to=64),
    ],
)
def test_images_that_a_network_enlarges_come_in_smaller_batches(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_PIXELS", 3 * 64 * 64)
    images = Images(torch.zeros((8, 1, 8, 8), dtype=torch.uint8), torch.zeros(8, dtype=torch.int64))
    with torch.device("meta"):
        network = build_model(model, (1, 8, 8), classes=4)
    forward = Forward(network, lambda pixels: pixels.float().to("meta"), "fp32")
    with torch.inference_mode():
        assert [len(labels) for _, labels in outputs_of(forward, images)] == [3, 3, 2]


def test_a_card_takes_more_at_once() -> None:
    def size(device: str, side: int) -> int:
        images = SimpleNamespace(device=torch.device(device), shape=torch.Size((3, side, side)))
        return batch_size(nn.Identity(), cast(Images, images))

    assert [size("cpu", side) for side in (8, 32, 1024)] == [1024, 256, 1]
    assert [size("cuda", side) for side in (4, 32, 1024)] == [8192, 512, 1]


@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=200), size=st.integers(1, 210), seed=st.integers(0, 9))
def test_a_sample_has_its_size_and_every_class_its_share(labels: list[int], size: int, seed: int) -> None:
    images = numbered(torch.tensor(labels))
    sample = stratified_sample(images, size, seed)
    taken = sample.pixels.flatten().tolist()
    assert len(taken) == min(size, len(labels))
    assert len(set(taken)) == len(taken)
    assert sample.labels.tolist() == [labels[number] for number in taken]
    for label in range(5):
        quota = min(size / len(labels), 1) * labels.count(label)
        assert abs(sample.labels.tolist().count(label) - quota) < 1


def test_a_sample_is_fixed_by_its_seed() -> None:
    images = numbered(torch.arange(200) % 3)
    drawn = [stratified_sample(images, 60, seed).pixels.flatten().tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


@given(count=st.integers(1, 80), size=st.integers(1, 90), seed=st.integers(0, 9))
def test_a_sample_of_items_with_numbers_has_its_size(count: int, size: int, seed: int) -> None:
    sample = stratified_sample(numbered(torch.linspace(-3, 5, count)), size, seed)
    taken = sample.pixels.flatten().tolist()
    assert len(set(taken)) == len(taken) == min(size, count)
    assert torch.equal(sample.labels, torch.linspace(-3, 5, count)[taken])
