"""Both sides build the same networks from the same numbers, and see the same images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.images import generated, write_backbone, write_images
from benchmarks.peers.networks import build
from benchmarks.spaces import read_space, space_file, space_of
from benchmarks.workloads import WORKLOADS, Workload, chosen
from nas import ImageFolder
from nas.data.counts import expected_counts
from nas.models.build import build_model
from nas.models.measure import measure_cost


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    write_backbone(file, generated(8)[0], side=32)
    return str(file)


def ready(name: str, weights: str) -> Workload:
    """The workload, with places that a space needs."""
    workload = WORKLOADS[name]
    return replace(
        workload, folder=None if workload.images is None else "somewhere", weights=workload.weights and weights
    )


def theirs_of(workload: Workload, number: int) -> nn.Module:
    network: nn.Module = build(workload.to_dict(), workload.configs[number])  # type: ignore[no-untyped-call]
    return network


def size(network: nn.Module) -> int:
    statistics = [kept.numel() for name, kept in network.named_buffers() if "running" in name]
    return sum(weights.numel() for weights in network.parameters()) + sum(statistics)


@pytest.mark.parametrize("name", WORKLOADS)
def test_networks_agree(name: str, weights: str) -> None:
    workload = replace(ready(name, weights), weights=weights if name == "frozen" else None)
    shape = (3, workload.side, workload.side)
    for number, ours in enumerate(space_of(workload).baselines.values()):
        theirs = theirs_of(workload, number)
        cost = measure_cost(ours.model, shape, 10)  # type: ignore[attr-defined]
        assert size(theirs) == cost.params
        assert sum(w.numel() for w in theirs.parameters() if w.requires_grad) == cost.trainable_params


@pytest.mark.parametrize("number", [2, 7, 20, 35])
def test_networks_compute_the_same(number: int) -> None:
    workload = WORKLOADS["digits"]
    ours: nn.Module = build_model(
        list(space_of(workload).baselines.values())[number].model, (3, 8, 8), 10  # type: ignore[attr-defined]
    )  # fmt: skip
    theirs = theirs_of(workload, number)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    images = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(theirs.eval()(images), ours.eval()(images), rtol=1e-4, atol=1e-4)


def test_a_frozen_backbone_stays_as_it_is(weights: str) -> None:
    workload = replace(WORKLOADS["frozen"], weights=weights)
    network = theirs_of(workload, 0).train()
    before = {name: kept.clone() for name, kept in network.get_submodule("features").state_dict().items()}
    network(torch.randn(4, 3, 32, 32)).sum().backward()
    assert all(torch.equal(before[name], kept) for name, kept in network.get_submodule("features").state_dict().items())
    assert all(weights.grad is None for weights in network.get_submodule("features").parameters())


def test_the_space_file_holds_every_config(tmp_path: Path) -> None:
    workload = WORKLOADS["digits"]
    file = space_file(workload, tmp_path)
    space = read_space(str(file.with_suffix(".json")))
    assert len(space.baselines) == 36
    assert {config.epochs for config in space.baselines.values()} == {8}  # type: ignore[attr-defined]


def test_workloads_are_cut() -> None:
    assert len(chosen("cifar", trials=2).configs) == 2
    assert chosen("cifar", scale=0.1).images == 1000
    assert chosen("digits", scale=0.25).epochs == 2


def test_images_are_split_the_same_for_all(tmp_path: Path) -> None:
    images, labels = generated(200)
    write_images(tmp_path / "images", images, labels)
    data = ImageFolder(path=str(tmp_path / "images"), image_size=None)
    assert expected_counts(data) == {"train": 160, "val": 20, "test": 20}


def test_images_are_the_same_every_time_and_can_be_learned() -> None:
    images, labels = generated(600)
    assert np.array_equal(images, generated(600)[0])
    spectrum = np.abs(np.fft.rfft2(images.mean(axis=3), axes=(1, 2))).reshape(600, -1)
    means = np.stack([spectrum[:400][labels[:400] == label].mean(axis=0) for label in range(10)])
    nearest = ((spectrum[400:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels[400:]).mean() > 0.5
