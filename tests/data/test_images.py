import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nas.data.images import fit_pixels, read_image, read_images


def save(path: Path, array: NDArray[np.generic]) -> Path:
    Image.fromarray(array).save(path)
    return path


def test_pixels_are_kept_channels_first(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(read_image(save(tmp_path / "a.png", array), 3, None), array.transpose(2, 0, 1))


def test_the_middle_square_is_kept(tmp_path: Path) -> None:
    array = np.zeros((4, 8), np.uint8)
    array[:, 2:6] = np.arange(100, 116).reshape(4, 4)
    assert np.array_equal(read_image(save(tmp_path / "a.png", array), 1, 4)[0], array[:, 2:6])


def test_reducing_averages_and_does_not_skip(tmp_path: Path) -> None:
    checkers = np.indices((64, 64)).sum(axis=0).astype(np.uint8) % 2 * 255
    small = read_image(save(tmp_path / "a.png", checkers), 1, 8)
    assert np.abs(small.astype(int) - 127).max() <= 8  # nearest neighbours or no antialiasing would give 0 or 255


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(1024) // 4, (1024, 1024)).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "a.jpg", quality=95)
    small = read_image(tmp_path / "a.jpg", 1, 16)[0].astype(float)
    assert np.abs(small - (np.arange(16) * 16 + 7.5)).max() < 4


def test_grey_has_the_weights_of_itu_r_601(tmp_path: Path) -> None:
    array = np.eye(3, dtype=np.uint8)[None] * 255
    assert read_image(save(tmp_path / "a.png", array), 1, None).ravel().tolist() == [76, 150, 29]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I"])
def test_white_is_white_in_every_mode(mode: str, tmp_path: Path) -> None:
    if mode.startswith("I"):
        array = np.full((6, 6), 65535, np.uint16 if mode == "I;16" else np.int32)
        image = Image.fromarray(array)
    else:
        image = Image.new("RGB", (6, 6), "white").convert(mode)
    assert image.mode == mode
    image.save(tmp_path / "a.tif")
    for channels in (1, 3):
        pixels = read_image(tmp_path / "a.tif", channels, 4)
        assert pixels.shape == (channels, 4, 4)
        assert pixels.min() >= 254


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    array = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    assert np.array_equal(read_image(save(tmp_path / "a.png", array), 1, None)[0].ravel(), np.arange(256))


def test_a_turned_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.array([[10, 20], [30, 40]], np.uint8)).save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png", 1, None)[0].tolist() == [[30, 10], [40, 20]]


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that announces side x side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_unreadable_images_are_all_named_and_the_others_read(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    files = {name: tmp_path / name for name in ("good.png", "text.png", "empty.jpg", "cut.png", "bomb.png", "gone.png")}
    save(files["good.png"], array)
    files["text.png"].write_text("no image")
    files["empty.jpg"].write_bytes(b"")
    files["cut.png"].write_bytes(files["good.png"].read_bytes()[:120])
    files["bomb.png"].write_bytes(bomb(13_000))
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "float.tif")
    Image.fromarray(np.full((4, 4), 70_000, np.int32)).save(tmp_path / "wide.tif")
    paths = [*files.values(), tmp_path / "float.tif", tmp_path / "wide.tif"]
    target = np.zeros((len(paths), 3, 9, 9), np.uint8)
    problems = {paths[place]: why for place, why in read_images(paths, target, 9).items()}
    assert [path.name for path in problems] == [path.name for path in paths[1:]]
    assert np.array_equal(target[0], array.transpose(2, 0, 1))
    assert problems[files["text.png"]] == "no image but b'no image'"
    assert problems[files["empty.jpg"]] == "empty"
    assert "169000000 pixels" in problems[files["bomb.png"]]
    assert problems[files["gone.png"]] == "No such file or directory"
    assert "floating-point" in problems[paths[-2]]
    assert "70000" in problems[paths[-1]]


def test_images_of_another_size_are_named(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{side}.png", np.zeros((side, side), np.uint8)) for side in (5, 6)]
    problems = read_images(paths, np.zeros((2, 1, 5, 5), np.uint8), None)
    assert problems == {1: "is 6 x 6 pixels, others are 5 x 5 pixels; set image_size"}


def test_fit_pixels() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), np.uint8)
    colour = np.repeat(grey, 3, axis=1)
    assert fit_pixels(grey, None, None) is grey
    assert np.array_equal(fit_pixels(grey, 3, None), colour)
    assert np.array_equal(fit_pixels(colour, 1, None), grey)
    assert np.array_equal(fit_pixels(colour, None, 20), np.repeat(fit_pixels(grey, 1, 20), 3, axis=1))
    flat = np.full((1, 3, 8, 8), 77, np.uint8)
    assert np.array_equal(fit_pixels(flat, None, 32), np.full((1, 3, 32, 32), 77, np.uint8))
