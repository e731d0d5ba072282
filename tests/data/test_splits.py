from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from nas import Data, Diabetes, Digits, ImageFolder
from nas.data import prepare as prepare_module
from nas.data import residence
from nas.data import splits as splits_module
from nas.data.batches import batches
from nas.data.prepare import open_prepared
from nas.data.splits import Splits, load_splits, normalise
from nas.records import DataPlace

MakeFolder = Callable[..., Path]
PARTS = ("train", "val", "test")


def rows(pixels: Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in pixels}


def test_the_parts_hold_every_image_once(place: DataPlace) -> None:
    splits = load_splits(Digits(), place, 0)
    parts = [splits.train, splits.val, splits.test]
    assert [len(part) for part in parts] == list(splits.info.counts.values())
    assert sum(map(len, parts)) == 1797
    assert len(set().union(*(rows(part.pixels) for part in parts))) == sum(len(rows(part.pixels)) for part in parts)
    assert all(part.pixels.dtype == torch.uint8 and part.labels.dtype == torch.int64 for part in parts)
    every = torch.bincount(torch.cat([part.labels for part in parts]))
    for part in parts[1:]:
        assert (torch.bincount(part.labels) - 0.15 * every).abs().max() <= 1


def test_pixels_keep_their_labels(place: DataPlace) -> None:
    prepared = open_prepared(Digits(), place)
    label_of = {image.tobytes(): label for image, label in zip(prepared.pixels, prepared.table.labels, strict=True)}
    splits = load_splits(Digits(), place, 3)
    for part in (splits.train, splits.val, splits.test):
        assert [label_of[image.numpy().tobytes()] for image in part.pixels] == part.labels.tolist()


def test_seed_decides(place: DataPlace) -> None:
    first, again, other = (load_splits(Digits(), place, seed) for seed in (0, 0, 1))
    assert torch.equal(first.train.pixels, again.train.pixels)
    assert not torch.equal(first.val.pixels, other.val.pixels)


@pytest.mark.parametrize("data", [Digits(), Digits(limit=100), Diabetes(), Diabetes(limit=60)])
def test_the_test_part_is_the_same_under_every_seed(data: Data, place: DataPlace) -> None:
    first, other = (load_splits(data, place, seed) for seed in (0, 5))
    assert torch.equal(first.test.pixels, other.test.pixels)
    assert torch.equal(first.test.labels, other.test.labels)
    assert not torch.equal(first.val.pixels, other.val.pixels[: len(first.val)])
    tested = {image.numpy().tobytes() for image in first.test.pixels}
    for part in (other.train, other.val):
        assert tested.isdisjoint(image.numpy().tobytes() for image in part.pixels)
    counts = [splits.info.counts for splits in (first, other)]
    assert all(abs(counts[0][part] - counts[1][part]) <= 10 for part in counts[0])  # one a class, where it is rounded


def direct_moments(splits: Splits) -> tuple[Tensor, Tensor]:
    values = splits.train.pixels.double() / 255
    return values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3), correction=0)


def test_mean_and_std_are_of_the_train_part(make_folder: MakeFolder, place: DataPlace) -> None:
    splits = load_splits(ImageFolder(path=str(make_folder({"a": 20, "b": 20}))), place, 0)
    mean, std = direct_moments(splits)
    assert (splits.mean - mean).abs().max() < 1e-6
    assert (splits.std - std).abs().max() < 1e-6
    normal = splits.normalise(splits.train.pixels)
    assert normal.dtype == torch.float32
    assert normal.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    assert (normal.std(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-5


def test_normalise_by_hand() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 1, 1, 3)
    normal = normalise(pixels, torch.tensor([0.2]), torch.tensor([0.5]))
    assert normal.ravel().tolist() == pytest.approx([-0.4, 0.0, 1.6], abs=1e-6)


def test_a_constant_channel_stays_finite(tmp_path: Path, place: DataPlace) -> None:
    for name, label in (("a", 0), ("b", 128)):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.new("RGB", (4, 4), (7, label, number)).save(tmp_path / name / f"{number}.png")
    splits = load_splits(ImageFolder(path=str(tmp_path), image_size=None), place, 0)
    assert splits.std[0] == 1
    assert splits.normalise(splits.test.pixels)[:, 0].abs().max() < 1e-6


def test_a_given_part_is_mapped_and_not_copied(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({f"{part}/{name}": 5 for part in ("train", "val", "test") for name in "ab"})
    splits = load_splits(ImageFolder(path=str(path)), place, 0)
    assert splits.train.pixels.data_ptr() + splits.train.pixels.nbytes == splits.val.pixels.data_ptr()
    assert splits.val.pixels.data_ptr() + splits.val.pixels.nbytes == splits.test.pixels.data_ptr()
    before = open_prepared(ImageFolder(path=str(path)), place).pixels[0, 0, 0, 0]
    splits.train.pixels.add_(1)  # the map is private: what is done to it stays in this process
    assert open_prepared(ImageFolder(path=str(path)), place).pixels[0, 0, 0, 0] == before


def test_all_parts_and_seeds_share_one_map(place: DataPlace) -> None:
    loaded = [load_splits(Digits(), place, seed) for seed in (0, 0, 1)]
    stores = {images.stored.data_ptr() for splits in loaded for images in (splits.train, splits.val, splits.test)}
    assert len(stores) == 1


def test_a_process_reads_and_splits_once(
    make_folder: MakeFolder, place: DataPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ImageFolder(path=str(make_folder({"a": 10, "b": 10})))
    first = load_splits(data, place, 0)
    for module, name in ((prepare_module, "open_source"), (prepare_module, "load"), (splits_module, "split")):
        monkeypatch.delattr(module, name)
    again = load_splits(data, place, 0)
    assert again.info is first.info
    assert torch.equal(again.val.pixels, first.val.pixels)


def test_what_is_added_is_noticed_at_once(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 10, "b": 10})
    data = ImageFolder(path=str(path))
    before = load_splits(data, place, 0).info
    make_folder({"c": 10}, seed=1)
    assert sum(load_splits(data, place, 0).info.counts.values()) == sum(before.counts.values()) + 10
    (path / "c" / "003.png").unlink()
    assert sum(load_splits(data, place, 0).info.counts.values()) == sum(before.counts.values()) + 9


def test_an_image_painted_over_is_noticed_when_the_data_is_prepared(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 10, "b": 10})
    data = ImageFolder(path=str(path))
    before = load_splits(data, place, 0).info.digest
    Image.new("RGB", (12, 12), (1, 2, 3)).save(path / "a" / "003.png")
    prepared = prepare_module.prepare(data, place, 0).digest
    assert load_splits(data, place, 0).info.digest == prepared != before


def test_few_data_sets_are_remembered(make_folder: MakeFolder, place: DataPlace) -> None:
    path = str(make_folder({"a": 5, "b": 5}))
    for side in range(2, 20):
        load_splits(ImageFolder(path=path, image_size=side), place, 0)
    assert len(prepare_module._known) == 8


@pytest.mark.parametrize("shares", [{"a": 20, "b": 20}, {f"{part}/{name}": 9 for part in PARTS for name in "ab"}])
def test_what_is_larger_than_memory_is_streamed(
    shares: dict[str, int], make_folder: MakeFolder, place: DataPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ImageFolder(path=str(make_folder(shares)))
    mapped = load_splits(data, place, 0)
    monkeypatch.setattr(residence, "_memory", lambda: 100)
    prepare_module.prepare(data, place, 0)  # reads anew
    streamed = load_splits(data, place, 0)
    for images, same in ((mapped.train, streamed.train), (mapped.val, streamed.val), (mapped.test, streamed.test)):
        assert same.streamed
        assert not images.streamed
        order = torch.randperm(len(images))
        for (pixels, labels), (others, their) in zip(batches(images, 4, order), batches(same, 4, order), strict=True):
            assert torch.equal(pixels, others)
            assert torch.equal(labels, their)
