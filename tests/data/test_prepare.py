import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nas import Digits, ImageFolder
from nas.data import cache, folder_source
from nas.data.errors import DataError
from nas.data.images import Pixels, read_images
from nas.data.prepare import open_prepared, prepare
from nas.records import DataPlace

MakeFolder = Callable[..., Path]
TWO_PARTS = {"train/a": 10, "train/b": 20, "test/a": 4, "test/b": 6}


def test_info_of_a_folder(make_folder: MakeFolder, place: DataPlace) -> None:
    info = prepare(ImageFolder(path=str(make_folder(TWO_PARTS)), image_size=10), place, seed=0)
    assert info.shape == (3, 10, 10)
    assert info.class_names == ("a", "b")
    assert info.counts == {"train": 8 + 16, "val": 2 + 4, "test": 10}
    assert info.warnings == ()
    assert len(bytes.fromhex(info.digest)) == 8


def test_pixels_labels_and_parts_belong_together(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder(TWO_PARTS)
    prepared = open_prepared(ImageFolder(path=str(path), image_size=None), place)
    files = sorted((path / "train").rglob("*.png")) + sorted((path / "test").rglob("*.png"))
    assert np.array_equal(prepared.pixels, np.stack([np.asarray(Image.open(f)).transpose(2, 0, 1) for f in files]))
    assert prepared.table.labels.tolist() == [int(file.parent.name == "b") for file in files]
    assert prepared.table.given.tolist() == [{"train": 1, "test": 3}[file.parents[1].name] for file in files]


def test_digest_is_of_the_content_not_of_the_place(make_folder: MakeFolder, place: DataPlace, tmp_path: Path) -> None:
    path = make_folder(TWO_PARTS)
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(path, copy)
    for file in copy.rglob("*.png"):
        os.utime(file, (1, 1))

    def digest(folder: Path) -> str:
        return prepare(ImageFolder(path=str(folder)), place, 0).digest

    before = digest(path)
    assert digest(copy) == before
    seen = {before}
    one = next((copy / "train" / "a").iterdir())
    content = one.read_bytes()
    with Image.open(one) as image:
        image.putpixel((0, 0), (255, 0, 0) if image.getpixel((0, 0)) != (255, 0, 0) else (0, 255, 0))
        image.save(one)
    seen.add(digest(copy))
    one.write_bytes(content)
    assert digest(copy) == before
    (copy / "train" / "a").rename(copy / "train" / "c")
    (copy / "test" / "a").rename(copy / "test" / "c")
    seen.add(digest(copy))
    (copy / "train" / "c").rename(copy / "train" / "a")
    (copy / "test" / "c").rename(copy / "test" / "a")
    one.rename(copy / "test" / "a" / "moved.png")
    seen.add(digest(copy))
    assert len(seen) == 4


def test_seed_moves_images_but_neither_counts_nor_digest(make_folder: MakeFolder, place: DataPlace) -> None:
    data = ImageFolder(path=str(make_folder({"a": 20, "b": 33})))
    assert prepare(data, place, 0) == prepare(data, place, 1)


def test_second_time_nothing_is_decoded(
    make_folder: MakeFolder, place: DataPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_folder(TWO_PARTS)
    data = ImageFolder(path=str(path))
    before = prepare(data, place, 0)
    decoded: list[int] = []

    def decode(paths: Sequence[Path], target: Pixels, side: int | None) -> dict[int, str]:
        decoded.append(len(paths))
        return read_images(paths, target, side)

    monkeypatch.setattr(folder_source, "read_images", decode)
    assert prepare(data, place, 0) == before
    assert prepare(data.replace(val_share=0.5), place, 0).counts["val"] == 15
    assert not decoded
    shutil.copy(path / "train" / "a" / "000.png", path / "train" / "b" / "000.png")
    assert prepare(data, place, 0).digest != before.digest
    assert decoded == [40]


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("left", [None, 0, 100])
def test_a_damaged_cache_is_prepared_again(name: str, left: int | None, place: DataPlace) -> None:
    before = prepare(Digits(), place, 0)
    (folder,) = place.cache.iterdir()
    if left is None:
        (folder / name).unlink()
    else:
        os.truncate(folder / name, left)
    assert prepare(Digits(), place, 0) == before
    assert list(place.cache.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["images", "labels", "parts", "contents", "sums", "squares"])
def test_a_flipped_bit_in_the_cache_is_noticed_when_the_data_is_prepared(name: str, place: DataPlace) -> None:
    before = prepare(Digits(), place, 0)
    (folder,) = place.cache.iterdir()
    sound = (folder / f"{name}.npy").read_bytes()
    flipped = bytearray(sound)
    flipped[-5] ^= 1
    (folder / f"{name}.npy").write_bytes(flipped)
    assert prepare(Digits(), place, 0) == before
    assert list(place.cache.iterdir()) == [folder]
    assert (folder / f"{name}.npy").read_bytes() == sound


@pytest.mark.parametrize("text", ["[]", "{}", '{"class_names": 3}', "\0"])
def test_a_cache_of_another_kind_is_prepared_again(text: str, place: DataPlace) -> None:
    before = prepare(Digits(), place, 0)
    (folder,) = place.cache.iterdir()
    (folder / "meta.json").write_text(text)
    assert prepare(Digits(), place, 0) == before


def test_a_full_disk_is_told_as_such_and_leaves_nothing(place: DataPlace) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))  # the system says EFBIG where a disk says ENOSPC
    try:
        with pytest.raises(OSError, match="cannot hold decoded images") as caught:
            prepare(Digits(), place, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(place.cache)
    assert list(place.cache.iterdir()) == []


def test_a_failed_preparation_leaves_nothing(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 5, "b": 5})
    (path / "a" / "002.png").write_bytes(b"")
    (path / "b" / "004.png").write_text("no image")
    with pytest.raises(DataError) as caught:
        prepare(ImageFolder(path=str(path)), place, 0)
    assert [line.split(": ")[0] for line in caught.value.lines] == [f"{path}/a/002.png", f"{path}/b/004.png"]
    assert list(place.cache.iterdir()) == []


def test_many_unreadable_images_are_counted(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 25, "b": 5})
    for file in (path / "a").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        prepare(ImageFolder(path=str(path)), place, 0)
    assert len(caught.value.lines) == 11
    assert caught.value.lines[-1] == "  ... and 15 more like these"


def test_what_is_passed_over_is_told(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 5, "b": 5, "b/old": 2})
    (path / "a" / "notes.txt").write_text("")
    warnings = prepare(ImageFolder(path=str(path)), place, 0).warnings
    assert warnings == (
        f"{path}: folders inside class folders were passed over: {path}/b/old",
        f"{path}: 1 files that are no images by their names were passed over",
    )


def test_a_cache_that_cannot_be_written(place: DataPlace) -> None:
    place.cache.write_text("a file, not a folder")
    with pytest.raises(OSError, match="cannot hold decoded images") as caught:
        prepare(Digits(), place, 0)
    assert caught.value.errno == errno.EEXIST


def test_remains_of_a_killed_process_go_after_a_day(place: DataPlace) -> None:
    old, young = place.cache / ".preparing-old", place.cache / ".preparing-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    prepare(Digits(), place, 0)
    assert not old.exists()
    assert young.exists()


def test_sums_of_squares_are_exact() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 7, 7), np.uint8)
    pixels[0] = 255
    contents, sums, squares = cache._measure(pixels)
    assert np.array_equal(sums, pixels.astype(int).sum(axis=(2, 3)))
    assert np.array_equal(squares, (pixels.astype(int) ** 2).sum(axis=(2, 3)))
    assert len(set(contents.tolist())) == 5


_PREPARE = """
import sys
from pathlib import Path
from nas import ImageFolder
from nas.data.prepare import prepare
from nas.records import DataPlace
print("ready", flush=True)
sys.stdin.readline()
info = prepare(ImageFolder(path=sys.argv[1]), DataPlace(Path("."), Path(sys.argv[2])), 0)
print(info.digest, info.counts)
"""


@pytest.mark.slow
def test_four_processes_at_once(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 100, "b": 100}, side=64)
    command = [sys.executable, "-c", _PREPARE, str(path), str(place.cache)]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=root) for _ in range(4)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in started]
    info = prepare(ImageFolder(path=str(path)), place, 0)
    assert answers == [(f"{info.digest} {info.counts}\n", "")] * 4
    assert len(list(place.cache.iterdir())) == 1
