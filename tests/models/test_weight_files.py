import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas import Backbone, ConvNet
from nas.config import NETWORKS
from nas.models import weight_files
from nas.models.backbones.published import library_network
from nas.models.pretrained import prepare_weights
from nas.models.weight_files import WeightsError, weights_file, weights_present
from nas.records import DataPlace


@pytest.fixture
def place(tmp_path):
    return DataPlace(tmp_path / "data", tmp_path / "cache")


def published(name):
    return Backbone(name, weights="imagenet")


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("alexnet", "alexnet-owt-7be5be79.pth"),
        ("resnet50_v2", "resnetv2_50.a1h_in1k.safetensors"),
        ("alexnet", "alexnet.pt"),
        ("mobilenet_v2", "mobilenet_v2_features_imagenet.pth"),
        ("resnet50", "resnet50-0676ba61.pth"),
    ],
)
def test_published_weights_lie_in_the_data_folder_by_several_names(place, name, file):
    folder = place.data_dir / "weights"
    put(folder, file, "resnet50_v2_mine.pth", "resnet18.pth", "alexnet.txt", "alexnetwork.pth")
    assert weights_file(published(name), place) == folder / file
    assert weights_present(published(name), place)


def test_the_librarys_own_file_comes_first_then_the_networks_name(place):
    folder = place.data_dir / "weights"
    put(folder, "vgg16-397923af.pth", "vgg16.pth", "vgg16.safetensors", "vgg16-other.pth")
    assert weights_file(published("vgg16"), place).name == "vgg16-397923af.pth"
    assert weights_file(Backbone("vgg16", weights=str(folder)), place).name == "vgg16.safetensors"


def test_a_file_may_have_any_name(tmp_path, place):
    put(tmp_path, "best.pth")
    model = Backbone("vgg16", weights=str(tmp_path / "best.pth"))
    assert weights_file(model, place) == tmp_path / "best.pth"
    assert not weights_present(Backbone("vgg16", weights=str(tmp_path)), place)


def test_several_that_may_be_meant(tmp_path, place):
    put(tmp_path, "vgg16_a.pth", "vgg16-b.pt")
    model = Backbone("vgg16", weights=str(tmp_path))
    with pytest.raises(WeightsError) as raised:
        weights_file(model, place)
    assert str(raised.value) == f"vgg16: {tmp_path} holds vgg16-b.pt and vgg16_a.pth; name the file that is meant"
    assert not weights_present(model, place)


def test_where_none_are_named_none_are_missing(place):
    assert weights_present(ConvNet(), place)
    assert weights_present(Backbone("vgg16"), place)


@pytest.mark.parametrize(("path", "todo"), [("none", "name a file, or a folder with such a file"), ("", "put")])
def test_absent_files_are_one_line(tmp_path, place, path, todo):
    with pytest.raises(WeightsError) as raised:
        prepare_weights(Backbone("vgg16", weights=str(tmp_path / path)), place)
    line = str(raised.value)
    todo = "put vgg16.safetensors, .pth or .pt there" if todo == "put" else todo
    assert (
        line == f"vgg16: no weights at {tmp_path / path}; {todo}, or say weights=None (--weights none) for random ones"
    )


@pytest.mark.parametrize("name", ["vgg16", "resnet50_v2", "xception"])
def test_offline_and_absent_says_which_file_to_put_where(place, monkeypatch, name):
    def no_network(*args, **settings):
        raise OSError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(WeightsError) as raised:
        prepare_weights(published(name), place)
    folder = place.data_dir / "weights"
    assert str(raised.value) == (
        f"{name}: its published weights are not in {folder}, and no download (Name or service not known); "
        f"put {NETWORKS[name].weights} or {name}.safetensors, .pth or .pt there, "
        "or say weights=None (--weights none) for random ones"
    )


def test_a_download_lies_under_the_librarys_name_and_its_digest_is_checked(place, tmp_path, monkeypatch):
    source = tmp_path / "source.pth"
    torch.save(library_network("squeezenet1_1", 1000).state_dict(), source)
    monkeypatch.setattr(weight_files, "_address", lambda name: source.as_uri())
    with pytest.raises(WeightsError, match=r"no download \(invalid hash value \(expected \"b8a52dc0\""):
        prepare_weights(published("squeezenet1_1"), place)
    assert not list((place.data_dir / "weights").iterdir())
    facts = NETWORKS["squeezenet1_1"]._replace(weights="squeezenet1_1.mine.pth")
    monkeypatch.setitem(NETWORKS, "squeezenet1_1", facts)
    prepare_weights(published("squeezenet1_1"), place)
    source.unlink()
    prepare_weights(published("squeezenet1_1"), place)
    assert [file.name for file in (place.data_dir / "weights").iterdir()] == ["squeezenet1_1.mine.pth"]


@pytest.mark.parametrize("name", ["vgg16", "resnet50_v2", "xception"])
def test_every_library_says_where_its_weights_are(name):
    address = weight_files._address(name)
    assert address.startswith("https://")
    assert address.endswith("model.safetensors" if name == "resnet50_v2" else NETWORKS[name].weights)


def test_files_are_looked_for_without_torch(tmp_path):
    code = f"""
import sys
from pathlib import Path
from nas import Backbone
from nas.models.weight_files import weights_present
from nas.records import DataPlace
print(weights_present(Backbone("vgg16", weights="imagenet"), DataPlace(Path({str(tmp_path)!r}), Path("cache"))))
print(sorted({{"torch", "torchvision", "timm", "numpy", "safetensors"}} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert run.stdout.splitlines() == ["False", "[]"]
