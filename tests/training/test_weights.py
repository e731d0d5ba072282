"""Trained networks on disk: they come back equal, and nothing in their files is run."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from nas.config import ConvNet, Digits, TrialConfig
from nas.data.splits import Splits, load_splits
from nas.models.build import build_model
from nas.models.weight_files import WeightsError
from nas.records import DataPlace
from nas.space.config import to_dict
from nas.training.scaling import scaling_of
from nas.training.weights import load_model, save_model

MODEL = ConvNet(conv_layers=1, filters=4, dense_layers=0, batch_norm=True)
CONFIG = TrialConfig(data=Digits(), model=MODEL, precision="fp32")


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Splits:
    place = DataPlace(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("cache"))
    return load_splits(CONFIG.data, place, 0, torch.device("cpu"))


def network() -> nn.Module:
    return build_model(MODEL, (1, 8, 8), 10)


@pytest.fixture
def folder(tmp_path: Path, splits: Splits) -> Path:
    save_model(tmp_path / "7", network(), CONFIG, splits, scaling_of(CONFIG, splits))
    return tmp_path / "7"


def test_all_files_are_safetensors_or_json(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == ["config.json", "data.json", "weights.safetensors"]
    json.loads((folder / "config.json").read_text())
    with safe_open(folder / "weights.safetensors", "pt") as file:
        assert set(file.keys()) == set(network().state_dict())


def test_it_comes_back_equal_whatever_its_layout_in_memory(tmp_path: Path, splits: Splits) -> None:
    model = network().to(memory_format=torch.channels_last)
    tied = model.state_dict()
    save_model(tmp_path, model, CONFIG, splits, scaling_of(CONFIG, splits))
    loaded, config, data = load_model(tmp_path)
    assert (config, data["shape"]) == (CONFIG, [1, 8, 8])
    assert all(torch.equal(tied[name], tensor) for name, tensor in loaded.state_dict().items())
    assert loaded.state_dict().keys() == tied.keys()


def test_weights_from_before_are_read(folder: Path) -> None:
    model = network()
    (folder / "weights.safetensors").unlink()
    torch.save(model.state_dict(), folder / "weights.pt")
    loaded, _, _ = load_model(folder)
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in loaded.state_dict().items())


class Evil:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_a_foreign_pickle_is_refused_in_one_line_and_not_run(folder: Path, tmp_path: Path) -> None:
    (folder / "weights.safetensors").unlink()
    torch.save(Evil(tmp_path / "evil"), folder / "weights.pt")
    with pytest.raises(WeightsError, match=r"weights\.pt") as raised:
        load_model(folder)
    assert len(str(raised.value).splitlines()) == 1
    assert not (tmp_path / "evil").exists()


def test_damaged_weights_are_one_line(folder: Path) -> None:
    file = folder / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"weights\.safetensors") as raised:
        load_model(folder)
    assert len(str(raised.value).splitlines()) == 1


def test_weights_of_another_network_are_one_line(folder: Path) -> None:
    other = CONFIG.replace(model=MODEL.replace(filters=8))

    (folder / "config.json").write_text(json.dumps(to_dict(other)))
    with pytest.raises(WeightsError, match=r"does not fit the network of its config\.json") as raised:
        load_model(folder)
    assert len(str(raised.value).splitlines()) == 1
