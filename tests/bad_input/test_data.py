"""Image folders that cannot be used, or not as they are: what a person reads of each."""

import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nas import ImageFolder
from nas.data.errors import DataError
from nas.data.folders import list_images
from nas.data.prepare import open_prepared, prepare
from nas.data.splits import load_splits
from nas.records import DataInfo, DataPlace
from tests.bad_input.case import Case, run_case, run_process
from tests.bad_input.small_data import IMAGES, ROWS, make_images, search

Spoil = Callable[[Path], object]
TWO = {"a": 6, "b": 6}
PARTS = {"train/a": 5, "train/b": 5, "test/a": 3, "test/b": 3}
REPLACE = "replace or remove it"
NO_TEXT = os.fsdecode(b"caf\xe9")
"""A name in Latin-1, which is no UTF-8."""


def spoiled(spoil: Spoil, has: dict[str, int] = TWO, *more: str) -> Callable[[Path], list[str]]:
    """Arguments of a search on a folder that was sound before `spoil` was called with it."""

    def arguments(folder: Path) -> list[str]:
        root = make_images(folder / "images", has)
        spoil(root)
        return search(folder, IMAGES, root, *more)

    return arguments


def sound(root: Path) -> None:
    """Leave the folder as it is."""


def on(path: str, *more: str) -> Callable[[Path], list[str]]:
    """Arguments of a search on something that is not there."""
    return lambda folder: search(folder, IMAGES, path, *more)


def cut(root: Path, share: float = 0.5) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(root / "a" / "x.jpg")
    content = (root / "a" / "x.jpg").read_bytes()
    (root / "a" / "x.jpg").write_bytes(content[: int(share * len(content))])


def flip(root: Path) -> None:
    content = bytearray((root / "a" / "000.png").read_bytes())
    content[100] ^= 255
    (root / "a" / "000.png").write_bytes(content)


def written(name: str, content: bytes) -> Spoil:
    return lambda root: (root / name).write_bytes(content)


def link_out(root: Path) -> None:
    Image.new("RGB", (12, 12)).save(root.parent / "x.png")
    (root / "a" / "x.png").symlink_to("../../x.png")


def outside(root: Path) -> None:
    make_images(root.parent / "elsewhere", {"": 5})
    (root / "c").symlink_to(root.parent / "elsewhere")


def bomb(side: int) -> bytes:
    """A sound PNG of side x side black pixels, 1 bit each: 20 KB for 13,000."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(side)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def cache_is_a_file(folder: Path) -> list[str]:
    arguments = spoiled(sound)(folder)
    (folder / "home" / "cache").rmdir()
    (folder / "home" / "cache").write_text("")
    return arguments


def many_bad(root: Path) -> None:
    for number in (3, 5):
        (root / "a" / f"{number:03}.png").write_bytes(b"")


REFUSED = [
    Case("missing", on("no/where"), "no/where", "cannot be read (No such file or directory)", "give a folder"),
    Case("missing name", on("nowhere"), "--data", "'nowhere' is neither a file or folder here", "known are"),
    Case("near name", on("cifar"), "--data", "'cifar' is neither", "did you mean cifar10?"),
    Case("no name", on(""), "--data", "is empty", "give a value"),
    Case("no such user", on("~nobody-of-this-name/x"), "~nobody-of-this-name/x", "No such file", "give a folder"),
    Case("too long a name", on("x" * 300 + "/y"), "x/y", "File name too long", "give a folder"),
    Case("empty folder", spoiled(sound, {"": 0}), "images", "has no folders", "one folder of images for each class"),
    Case("no folders", spoiled(sound, {"": 3}), "images", "has no folders", "one folder of images for each class"),
    Case("no images", spoiled(sound, {"a": 0, "b": 0}), "images/a", "no images", "put some there",
         more=[("images/b", "no images", "or remove the folder")]),
    Case("one class", spoiled(sound, {"a": 6}), "images", "one class folder (a)", "needs two or more"),
    Case("empty class", spoiled(sound, {"a": 6, "b": 0}), "images/b", "no images", "remove the folder"),
    Case("fewer images than parts", spoiled(sound, {"a": 2, "b": 6}), "images",
         "class 'a' has 2 images, but train, val, test need one each", "add some or remove it"),
    Case("cut", spoiled(cut), "a/x.jpg", "cannot be used (image file is truncated", REPLACE),
    Case("cut to its head", spoiled(lambda root: cut(root, 0.02)), "a/x.jpg", "cannot be used", REPLACE),
    Case("flipped", spoiled(flip), "a/000.png", "cannot be used (broken data stream", REPLACE),
    Case("zero bytes", spoiled(written("a/000.png", b"")), "a/000.png", "cannot be used (empty)", REPLACE),
    Case("text", spoiled(written("a/000.png", b"a cat")), "a/000.png", "(no image but b'a cat')", REPLACE),
    Case("web page", spoiled(written("b/x.jpg", b"<html>")), "b/x.jpg", "(no image but b'<html>')", REPLACE),
    Case("PostScript", spoiled(written("b/x.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")), "b/x.png",
         "no image but b'%!PS-Adobe-3.0", REPLACE),
    Case("several", spoiled(many_bad), "a/003.png", "(empty)", REPLACE, more=[("a/005.png", "(empty)", REPLACE)]),
    Case("float", spoiled(lambda root: Image.fromarray(np.ones((4, 4), np.float32)).save(root / "a" / "x.tif")),
         "a/x.tif", "cannot be used (holds floating-point values; save it with 8 bits", REPLACE),
    Case("bomb", spoiled(lambda root: (root / "a" / "x.png").write_bytes(bomb(13_000))), "a/x.png", "169000000 pixels",
         REPLACE),
    Case("link out", spoiled(link_out), "a/x.png", "is a link to", "copy what is meant"),
    Case("class that links out", spoiled(outside), "images/c", "elsewhere, out of", "copy what is meant"),
    Case("link to nowhere", spoiled(lambda root: (root / "a" / "x.png").symlink_to("gone.png")), "a/x.png",
         "cannot be used (No such file or directory)", REPLACE),
    Case("link to itself", spoiled(lambda root: (root / "a" / "x.png").symlink_to("x.png")), "a/x.png",
         "cannot be used (Too many levels of symbolic links)", REPLACE),
    Case("class that links to itself", spoiled(lambda root: (root / "c").symlink_to("c")), "images/c",
         "cannot be used (Too many levels of symbolic links)", REPLACE),
    Case("class that links to the folder", spoiled(lambda root: (root / "c").symlink_to(".")), "images/c",
         "no images, but folders (a, b, c)", "images lie right in their class folder"),
    Case("pipe", spoiled(lambda root: os.mkfifo(root / "a" / "x.png")), "a/x.png", "is no file but a pipe", "rename"),
    Case("folder called as an image", spoiled(lambda root: (root / "a" / "x.png").mkdir()), "a/x.png", "is a folder",
         "rename or remove it"),
    Case("other labels", spoiled(sound, {"train/a": 5, "train/b": 5, "test/a": 3, "test/c": 3}), "images/train",
         "no class folder 'c', which test/ has", "known are b",
         more=[("images/test", "no class folder 'b', which train/ has", "known are c")]),
    Case("labels that differ by case", spoiled(sound, {"train/a": 5, "train/b": 5, "test/A": 3, "test/b": 3}),
         "images/train", "no class folder 'A'", "known are a",
         more=[("images/test", "no class folder 'a'", "known are A")]),
    Case("parts and classes", spoiled(sound, {**PARTS, "c": 3}), "images", "has train/, test/ and other folders (c)",
         "leave one kind"),
    Case("class with a line break", spoiled(lambda root: (root / "a").rename(root / "a\nb")), "images",
         r"the name of class 'a\nb' holds control characters", "rename its folder"),
    Case("class that is no text", spoiled(lambda root: (root / "a").rename(root / NO_TEXT)), "images", "is no UTF-8",
         "rename its folder"),
    Case("bad file with a line break", spoiled(written("a/x\ny.png", b"")), r"a/x\ny.png", "(empty)", REPLACE),
    Case("bad file that is no text", spoiled(written(f"a/{NO_TEXT}.png", b"")), r"a/caf\udce9.png", "(empty)", REPLACE),
    Case("an image", lambda folder: search(folder, IMAGES, make_images(folder / "images", TWO) / "a" / "000.png"),
         "a/000.png", "is an image", "give the folder that holds a folder of images for each class"),
    Case("images for a table", lambda folder: search(folder, ROWS, make_images(folder / "images", TWO)), "--data",
         "has classes, and rows aims at val_r2", "give diabetes, or a CSV file"),
    Case("cache that is no folder", cache_is_a_file, "home/cache", "cannot hold decoded images", "", 4),
    Case("limit 0", spoiled(sound, TWO, "--limit", "0"), "--limit", "0 is too low", "give 10 or more"),
    Case("limit -1", spoiled(sound, TWO, "--limit=-1"), "--limit", "-1 is too low", "give 10 or more"),
    Case("limit that is no number", spoiled(sound, TWO, "--limit", "many"), "--limit", "'many'", ""),
    Case("more than 1 % bad", spoiled(many_bad, {"a": 60, "b": 60}, "--skip-bad"), "a/003.png", "(empty)", REPLACE,
         more=[("a/005.png", "(empty)", REPLACE),
               ("images", "2 of 120 images cannot be used (1.7%), and --skip-bad passes over 1 % at most", "replace")]),
    Case("skipped when asked alone", spoiled(written("a/003.png", b""), {"a": 60, "b": 60}), "a/003.png", "(empty)",
         "leave it out by --skip-bad"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(case: Case, tmp_path: Path) -> None:
    run_case(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cut", "link out"])
def test_refused_by_a_process(name: str, tmp_path: Path) -> None:
    """Data is read while Ray starts, whose seconds of the processor are counted too."""
    case = next(case for case in REFUSED if case.name == name)
    run_process(replace(case, seconds=10), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("unreadable", ["images", "images/a", "images/a/000.png"])
def test_unreadable(unreadable: str, tmp_path: Path) -> None:
    """Root reads everything, so that somebody else is asked."""
    for path in (*tmp_path.parents[:3], tmp_path, *make_images(tmp_path / "images", TWO).parent.rglob("*")):
        path.chmod(path.stat().st_mode | 0o555)
    (tmp_path / unreadable).chmod(0)
    code = f"""
import os
from nas import ImageFolder
from nas.data.prepare import prepare
from nas.records import DataPlace
from pathlib import Path
from PIL import Image
Image.init()  # who may not read the images may not read the decoders either
os.setuid(65534)
prepare(ImageFolder(path={str(tmp_path / "images")!r}), DataPlace(Path("."), Path({str(tmp_path / "cache")!r})), 0)
"""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    last = told.stderr.strip().splitlines()[-1]
    assert last.startswith(f"nas.data.errors.DataError: {tmp_path / unreadable}: cannot be ")
    assert "Permission denied" in last
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.fixture
def place(tmp_path: Path) -> DataPlace:
    return DataPlace(tmp_path / "data", tmp_path / "cache")


def info_of(root: Path, place: DataPlace, **values: object) -> DataInfo:
    return prepare(ImageFolder(path=str(root), **values), place, 0)  # type: ignore[arg-type]


def test_images_of_every_kind_together(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", TWO)
    white = Image.new("RGB", (30, 20), "white")
    kinds = {"L": "png", "RGBA": "png", "CMYK": "jpg", "P": "gif", "LA": "png", "1": "png"}
    for mode, suffix in kinds.items():
        white.convert(mode).save(root / "a" / f"white {mode}.{suffix}")
    Image.fromarray(np.full((20, 30), 65535, np.uint16)).save(root / "a" / "white 16.png")
    white.save(root / "a" / "white anim.gif", save_all=True, append_images=[Image.new("RGB", (30, 20), "black")])
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.new("RGB", (30, 20), "white")
    turned.paste("black", (0, 0, 10, 20))
    turned.save(root / "a" / "white x.png", exif=exif)
    prepared = open_prepared(ImageFolder(path=str(root), image_size=10), place)
    names = [prepared.name_of(index) for index in range(len(prepared.pixels))]
    for index, name in enumerate(names):
        if "white x" in name:  # upright: the black third is above, of which the square in the middle has a tenth left
            assert prepared.pixels[index, :, 0].max() < 255
            assert prepared.pixels[index, :, 9].min() == 255
        elif "white" in name:
            assert prepared.pixels[index].min() >= 254, name
    assert sum("white" in name for name in names) == len(kinds) + 3


def test_odd_shapes_and_names(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {"größe": 6, "猫": 6})
    Image.new("RGB", (1, 1)).save(root / "猫" / "one.png")
    Image.new("RGB", (1, 3000), "red").save(root / "猫" / "thin ü.png")
    (root / "猫" / "000.png").rename(root / "猫" / "a\nb.png")
    (root / "猫" / "001.png").rename(root / "猫" / f"{NO_TEXT}.png")
    for hidden in (".DS_Store", "._000.png", "Thumbs.db"):
        (root / "größe" / hidden).write_text("x")
    info = info_of(root, place)
    assert info.class_names == ("größe", "猫")
    assert sum(info.counts.values()) == 14
    assert info.warnings == (f"{root}: 1 files that are no images by their names were passed over",)


def test_a_link_to_the_folder_and_links_within_it_are_followed(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", TWO)
    (root / "a" / "again.png").symlink_to("000.png")
    (root / "a" / "up").symlink_to(root)
    (tmp_path / "link").symlink_to(root)
    info = info_of(tmp_path / "link", place)
    assert sum(info.counts.values()) == 13
    assert [line.split(": ")[1] for line in info.warnings] == ["folders inside class folders were passed over"]


@pytest.mark.parametrize("repeat", [shutil.copy, os.link, lambda first, other: other.symlink_to(first)])
def test_a_class_of_one_image_again_and_again(
    repeat: Callable[[Path, Path], object], tmp_path: Path, place: DataPlace
) -> None:
    root = make_images(tmp_path / "images", {"a": 1, "b": 6})
    for number in range(1, 6):
        repeat(root / "a" / "000.png", root / "a" / f"{number:03}.png")
    with pytest.raises(DataError) as caught:
        info_of(root, place)
    assert caught.value.lines == (
        "class 'a': 1 different images of its own, but train, val, test need one each; add images or remove the class",
    )


def test_classes_that_differ_by_case_are_told(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {"Cat": 6, "cat": 6, "dog": 6})
    info = info_of(root, place)
    assert info.class_names == ("Cat", "cat", "dog")
    assert info.warnings == (
        f"{root}: classes 'Cat' and 'cat' differ by case or spelling of accents alone; are they one?",
    )


def test_the_same_image_in_train_and_test_is_told(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {**PARTS, "val/a": 2, "val/b": 2})
    with Image.open(root / "train" / "a" / "002.png") as image:
        image.save(root / "test" / "a" / "other.bmp")  # another file with the same pixels
    assert info_of(root, place).warnings == (
        "1 of 7 images in test are also in train (as the data came), such as test/a/other.bmp and train/a/002.png: "
        "test figures flatter",
    )


def test_an_image_under_two_classes_is_told(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", TWO)
    shutil.copy(root / "a" / "000.png", root / "b" / "x.png")
    assert info_of(root, place).warnings == (
        "2 images appear identically under several classes (a, b), such as a/000.png and b/x.png",
    )


def test_skipped_images_are_listed_and_leave_the_same_data(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {"a": 100, "b": 100})
    without = make_images(tmp_path / "without", {"a": 100, "b": 100})
    for number in (7, 12):
        (root / "a" / f"{number:03}.png").write_bytes(b"")
        (without / "a" / f"{number:03}.png").unlink()
    skipping = DataPlace(place.data_dir, place.cache, skip_bad=True)
    info = info_of(root, skipping)
    assert info.digest == info_of(without, place).digest
    assert sum(info.counts.values()) == 198
    (line,) = info.warnings
    assert line.startswith("--skip-bad: 2 of 200 images are left out, see ")
    listed = Path(line.split("see ")[1].split(": ")[0])
    assert listed.read_text().count("cannot be used (empty)") == 2
    assert line.endswith(f"{root}/a/007.png: cannot be used (empty), {root}/a/012.png: cannot be used (empty)")
    again = info_of(root, skipping)  # from the cache
    assert again == info
    with pytest.raises(DataError) as caught:  # the cache is no way round the question
        info_of(root, place)
    assert [text.split("; ")[1] for text in caught.value.lines] == [f"{REPLACE}, or leave it out by --skip-bad"] * 2
    splits = load_splits(ImageFolder(path=str(root)), skipping, 0)  # as a worker does
    assert splits.info.digest == info.digest


def test_the_first_image_may_be_skipped_where_it_says_the_size(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {"a": 100, "b": 100})
    (root / "a" / "000.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a/000\.png: cannot be used \(empty\)"):
        info_of(root, place, image_size=None)
    skipping = DataPlace(place.data_dir, place.cache, skip_bad=True)
    assert info_of(root, skipping, image_size=None).shape == (3, 12, 12)


def test_an_image_larger_than_any_is_refused_before_it_says_the_size(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", TWO)
    for side, why in ((10_000, "100000000 pixels"), (14_000, "196000000 pixels")):
        (root / "a" / "000.png").write_bytes(bomb(side))
        with pytest.raises(DataError, match=rf"a/000\.png: cannot be used \(Image size \({why}\)"):
            info_of(root, place, image_size=None)
    assert list(place.cache.iterdir()) == []


def test_a_limit_decodes_no_more_than_it_needs(tmp_path: Path, place: DataPlace) -> None:
    root = make_images(tmp_path / "images", {"train/a": 200, "train/b": 100, "test/a": 60, "test/b": 40}, side=2)
    data = ImageFolder(path=str(root), limit=40)
    info = prepare(data, place, 0)
    assert info.counts == {"train": 24, "val": 6, "test": 10}
    assert len(open_prepared(data, place).pixels) == 40
    assert info == prepare(data, DataPlace(place.data_dir, tmp_path / "other"), 0)
    whole = prepare(ImageFolder(path=str(root)), place, 0)
    assert prepare(ImageFolder(path=str(root), limit=9999), place, 0) == whole


def test_a_hundred_thousand_files_are_listed_without_being_asked_for_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand here: a file costs its name alone."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for number in range(1_000):
        (tmp_path / "ab"[number % 2] / f"{number}.png").touch()
    for asked in (os.path, "realpath"), (os, "stat"), (Path, "stat"):
        monkeypatch.delattr(*asked)
    assert len(list_images(str(tmp_path)).files) == 1_000
