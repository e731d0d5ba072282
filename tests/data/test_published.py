"""Digits, CIFAR-10, MNIST, Fashion-MNIST: the files as they are published, small; and the real ones where they are."""

import gzip
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
from numpy.typing import NDArray

from nas import Cifar10, Data, Digits, FashionMnist, ImageFolder, Mnist
from nas.data import digits, download
from nas.data.errors import DataError
from nas.data.prepare import open_prepared, prepare
from nas.records import DataPlace

BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
PER_BATCH = 40
IDX_FILES = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"


def small_cifar() -> list[tuple[NDArray[np.uint8], list[int]]]:
    random = np.random.default_rng(0)
    labels = [number % 10 for number in range(PER_BATCH)]
    return [(random.integers(0, 256, (PER_BATCH, 3072), np.uint8), labels) for _ in BATCHES]


def write_binary(data_dir: Path) -> Path:
    folder = data_dir / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, (pixels, labels) in zip(BATCHES, small_cifar(), strict=True):
        records = b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, pixels, strict=True))
        (folder / f"{name}.bin").write_bytes(records)
    return folder


def write_python(data_dir: Path) -> Path:
    folder = data_dir / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, (pixels, labels) in zip(BATCHES, small_cifar(), strict=True):
        content = pickle.dumps({b"batch_label": b"x", b"labels": labels, b"data": pixels}, protocol=2)
        (folder / name).write_bytes(content.replace(b"numpy._core", b"numpy.core"))  # as it was called then
    return folder


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_cifar10_in_either_layout(write: Callable[[Path], Path], place: DataPlace) -> None:
    write(place.data_dir)
    prepared = open_prepared(Cifar10(), place)
    pixels = np.concatenate([pixels for pixels, _ in small_cifar()])
    assert np.array_equal(prepared.pixels, pixels.reshape(-1, 3, 32, 32))
    assert prepared.table.labels.tolist() == [number % 10 for number in range(PER_BATCH)] * 6
    assert prepared.table.given.tolist() == [1] * 5 * PER_BATCH + [3] * PER_BATCH
    assert prepare(Cifar10(), place, 0).counts == {"train": 160, "val": 40, "test": 40}


def test_cifar10_means_the_same_in_both_layouts(tmp_path: Path) -> None:
    write_binary(tmp_path / "binary")
    write_python(tmp_path / "python")
    first, second = (prepare(Cifar10(), DataPlace(tmp_path / name, tmp_path), 0) for name in ("binary", "python"))
    assert first == second


def test_damaged_cifar10_files_are_all_named(place: DataPlace) -> None:
    folder = write_python(place.data_dir)
    (folder / "data_batch_2").write_bytes((folder / "data_batch_2").read_bytes()[:1000])
    (folder / "data_batch_3").write_bytes(pickle.dumps({b"labels": []}))
    with pytest.raises(DataError) as caught:
        prepare(Cifar10(), place, 0)
    assert [line.split(":")[0] for line in caught.value.lines] == [f"{folder}/data_batch_{n}" for n in (2, 3)]
    folder = write_binary(place.data_dir)
    for file in (folder.parent / "cifar-10-batches-py").iterdir():
        file.unlink()
    (folder / "test_batch.bin").write_bytes(bytes(3072))
    with pytest.raises(DataError, match=r"damaged \(3072 bytes are no whole number of records of 3073\)"):
        prepare(Cifar10(), place, 0)


def test_a_pickle_cannot_run_code(place: DataPlace, tmp_path: Path) -> None:
    folder = write_python(place.data_dir)

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    (folder / "test_batch").write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(DataError, match="test_batch: damaged"):
        prepare(Cifar10(), place, 0)
    assert not (tmp_path / "ran").exists()


def test_a_label_beyond_the_classes(place: DataPlace) -> None:
    folder = write_binary(place.data_dir)
    content = bytearray((folder / "data_batch_1.bin").read_bytes())
    content[0] = 200
    (folder / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(DataError, match=r"damaged \(a label of 200, 10 classes\)"):
        prepare(Cifar10(), place, 0)


@pytest.mark.parametrize(
    "batch",
    [
        {b"data": np.zeros((4, 3072), np.uint8), b"labels": [0, 1, 2]},
        {b"data": np.zeros((4, 3071), np.uint8), b"labels": [0, 1, 2, 3]},
        {b"data": np.zeros((0, 3072), np.uint8), b"labels": []},
        {b"data": None, b"labels": "x"},
        {"data": 3},
        [],
    ],
)
def test_a_batch_of_something_else(batch: object, place: DataPlace) -> None:
    folder = write_python(place.data_dir)
    (folder / "data_batch_4").write_bytes(pickle.dumps(batch, protocol=2).replace(b"numpy._core", b"numpy.core"))
    with pytest.raises(DataError, match=r"data_batch_4: damaged \(.+\); fetch it again"):
        prepare(Cifar10(), place, 0)
    assert not place.cache.exists() or not list(place.cache.iterdir())


def test_files_that_are_not_all_that_was_published_are_told(place: DataPlace) -> None:
    write_binary(place.data_dir)
    assert prepare(Cifar10(), place, 0).warnings == (
        "cifar10: 240 images, and 60000 were published; its figures cannot be compared with others",
    )


def idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (70, 28, 28), np.uint8)
    labels = (np.arange(70) % 10).astype(np.uint8)
    for name, part in (("train", slice(0, 50)), ("t10k", slice(50, 70))):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx(pixels[part]))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels[part]))
    return pixels, labels


@pytest.mark.parametrize(("data", "name"), [(Mnist(), "MNIST"), (FashionMnist(), "FashionMNIST")])
def test_mnist(data: Data, name: str, place: DataPlace) -> None:
    pixels, labels = write_mnist(place.data_dir / name / "raw")
    prepared = open_prepared(data, place)
    assert np.array_equal(prepared.pixels, pixels[:, None])
    assert prepared.table.labels.tolist() == labels.tolist()
    assert prepared.table.given.tolist() == [1] * 50 + [3] * 20


def test_damaged_mnist_files_are_all_named(place: DataPlace) -> None:
    folder = place.data_dir / "MNIST" / "raw"
    write_mnist(folder)
    (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x05abc")
    (folder / "t10k-labels-idx1-ubyte").write_text("<html>")
    with pytest.raises(DataError) as caught:
        prepare(Mnist(), place, 0)
    assert caught.value.lines == (
        f"{folder}/train-images-idx3-ubyte: damaged (3 bytes where 5 are announced); fetch it again",
        f"{folder}/t10k-labels-idx1-ubyte: damaged (not an idx file of bytes); fetch it again",
    )
    (folder / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((7, 28, 28), np.uint8)))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(20, np.uint8)))
    with pytest.raises(DataError, match="has 50 labels for 7 images"):
        prepare(Mnist(), place, 0)


@pytest.mark.parametrize(
    ("data", "name", "todo"),
    [
        (
            Cifar10(),
            "CIFAR10",
            "put data_batch_1 ... data_batch_5 and test_batch into DIR/cifar-10-batches-py, "
            "or the same as .bin files into DIR/cifar-10-batches-bin",
        ),
        (Mnist(), "MNIST", f"put {IDX_FILES} (unpacked) into DIR/MNIST/raw"),
        (FashionMnist(), "FashionMNIST", f"put {IDX_FILES} (unpacked) into DIR/FashionMNIST/raw"),
    ],
)
def test_absent_and_offline_is_one_line(
    data: Data, name: str, todo: str, place: DataPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_args: object, **_kwargs: object) -> None:
        raise URLError(OSError("Name or service\nnot known"))

    monkeypatch.setattr("urllib.request.OpenerDirector.open", offline)
    with pytest.raises(DataError) as caught:
        prepare(data, place, 0)
    assert str(caught.value).replace(str(place.data_dir), "DIR") == (
        f"{name}: not in DIR, and no download (<urlopen error Name or service not known>); {todo}"
    )
    assert list(place.data_dir.iterdir()) == []


ONLINE: dict[str, bytes] = {}


def test_a_download_is_put_in_place(place: DataPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(place.cache / "published")
    files = []
    for file in download.PUBLISHED["MNIST"]:
        packed = gzip.compress((place.cache / "published" / file.name.removesuffix(".gz")).read_bytes())
        monkeypatch.setitem(ONLINE, file.address, packed)
        files.append(replace(file, sha256=sha256(packed).hexdigest()))
    monkeypatch.setitem(download.PUBLISHED, "MNIST", tuple(files))
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda _, address, timeout: BytesIO(ONLINE[address]))
    assert prepare(Mnist(), place, 0).counts == {"train": 40, "val": 10, "test": 20}
    assert [path.name for path in place.data_dir.iterdir()] == ["MNIST"]
    assert not list(place.data_dir.rglob("*.gz"))


def test_digits_are_scikit_learns() -> None:
    pixels, labels, _ = digits.read_digits()
    expected, expected_labels = digits._from_library()
    assert np.array_equal(labels, expected_labels)
    assert np.abs(pixels.reshape(-1, 64) - expected * 255 / 16).max() <= 0.5
    assert pixels.shape == (1797, 1, 8, 8)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_digits_from_another_layout_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digits.read_digits()
    monkeypatch.setattr(digits, "_FILE", "moved/elsewhere")
    pixels, labels, _ = digits.read_digits()
    assert np.array_equal(pixels, before[0])
    assert np.array_equal(labels, before[1])


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"1,2\n3,4\n"), gzip.compress(b"a,b")],
    ids=["empty", "no gzip", "too few", "letters"],  # packed bytes hold the time, and would name each run's test anew
)
def test_damaged_digits(content: bytes, place: DataPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "datasets" / "data" / "digits.csv.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: found)
    with pytest.raises(DataError, match=r"digits\.csv\.gz: damaged \(.*\); install scikit-learn again"):
        prepare(Digits(), place, 0)


def test_digits_without_scikit_learn(place: DataPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(DataError, match="install scikit-learn"):
        prepare(Digits(), place, 0)


def test_digits_are_split_70_15_15(place: DataPlace) -> None:
    info = prepare(Digits(channels=3, image_size=32), place, 0)
    assert info.shape == (3, 32, 32)
    assert sum(info.counts.values()) == 1797
    assert all(abs(info.counts[part] - 0.15 * 1797) <= 10 for part in ("val", "test"))


def real(variable: str) -> Path:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} does not name a folder with the real data")
    return Path(os.environ[variable])


@pytest.mark.parametrize(
    ("data", "test_mean"),
    [(Cifar10(), None), (Mnist(), 0.1325), (FashionMnist(), 0.2868)],
    ids=["cifar10", "mnist", "fashion_mnist"],
)
def test_real_published_data(data: Data, test_mean: float | None, place: DataPlace) -> None:
    where = DataPlace(real("NAS_TEST_DATA_DIR"), place.cache)
    prepared = open_prepared(data, where)
    classes = np.bincount(prepared.table.labels[prepared.table.given == 3]).tolist()
    assert len(classes) == 10
    assert sum(classes) == 10_000
    if test_mean is None:  # 1,000 images of each class
        assert set(classes) == {1000}
    else:
        assert prepared.pixels[prepared.table.given == 3].mean() / 255 == pytest.approx(test_mean, abs=1e-4)


def test_real_scenes(place: DataPlace) -> None:
    info = prepare(ImageFolder(path=str(real("NAS_TEST_SCENES"))), place, 0)
    assert len(info.class_names) == 8
    assert info.counts == {"train": 1506, "val": 375, "test": 807}
    assert any("inside_city, tallbuilding" in line for line in info.warnings)  # urb992.jpg lies in both


def test_the_file_of_the_digits_is_what_is_read() -> None:
    """The cheap way is in use: this fails when scikit-learn moves its file, and the fallback costs seconds."""
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.origin is not None
    with gzip.open(Path(spec.origin).parent / digits._FILE) as lines:
        assert len(lines.readlines()) == 1797
