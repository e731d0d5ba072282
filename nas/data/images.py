"""From image files and arrays to pixels: uint8, channels first, resized and cut to a square."""

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]
Labelled = tuple[Pixels, NDArray[np.int64], NDArray[np.int8]]
"""Images (N, channels, height, width), their classes (N) and the parts that they came in (N)."""

_SIXTEEN_BITS = 65535
_CHUNK = 32
_MODES = {1: "L", 3: "RGB"}
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read, whatever a file is called: Pillow's other decoders are no use here, and one runs programs."""
_LARGE = 2**24
"""Pixels beyond which images are decoded one at a time: each takes up to 8 bytes a pixel until it has been resized."""
_CHUNK_BYTES = 2**27
_BEGINNING = 40
_one_at_a_time = Lock()


def read_image(path: Path, channels: int, side: int | None) -> Pixels:
    """The pixels of an image file, (channels, height, width), turned as its camera noted.

    The shorter side is resized to `side` with antialiasing and the square in the middle is kept; None keeps the size.
    Any mode becomes RGB, or grey for one channel (ITU-R 601 weights); 16-bit values are divided by 256. Of an animation
    the first picture counts.

    Raises:
        OSError, ValueError: not an image that can be read.
    """
    with open_image(path) as image:
        if side:  # a JPEG of a camera is decoded at a fraction of its size, at least twice what is needed
            image.draft(_MODES[channels], (2 * side, 2 * side))
        with _one_at_a_time if image.width * image.height > _LARGE else nullcontext():
            return to_pixels(_upright(image), channels, side)


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """The image of a file, its pixels not yet decoded.

    Raises:
        OSError, ValueError: not an image that can be read, also where that shows within the context.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except UnidentifiedImageError:
        raise ValueError(_no_image(path)) from None
    except (OSError, MemoryError):
        raise
    except Exception as error:  # on damaged files the decoders raise errors of many kinds
        raise ValueError(str(error) or type(error).__name__) from None


def to_pixels(image: Image.Image, channels: int, side: int | None) -> Pixels:
    """The pixels of an opened image, as `read_image` says."""
    if "transparency" in image.info:  # a palette's transparent colours
        image = image.convert("RGBA")
    image = _eight_bits(image).convert(_MODES[channels])
    if side and image.size != (side, side):
        image = ImageOps.fit(image, (side, side), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def fit_pixels(pixels: Pixels, channels: int | None, side: int | None) -> Pixels:
    """Images (N, channels, height, width) with another number of channels and side; None keeps what they have."""
    count, own_channels, height, width = pixels.shape
    channels = channels or own_channels
    if channels == own_channels and side in (None, height):
        return pixels
    if channels == 3 and own_channels == 1:
        return np.repeat(fit_pixels(pixels, 1, side), 3, axis=1)
    shape = (count, channels, side or height, side or width)
    fitted = np.empty(shape, np.uint8)
    for target, source in zip(fitted, pixels, strict=True):
        image = Image.fromarray(source[0] if own_channels == 1 else np.ascontiguousarray(source.transpose(1, 2, 0)))
        target[:] = to_pixels(image, channels, side)
    return fitted


def read_images(paths: Sequence[Path], target: Pixels, side: int | None) -> dict[int, str]:
    """Decode image files into `target` (N, channels, height, width), one thread a core.

    Returns:
        Why which of the files could not be used, by their place and in its order.
    """
    problems: dict[int, str] = {}
    channels = target.shape[1]

    def read_chunk(start: int) -> None:
        for index in range(start, min(start + _CHUNK, len(paths))):
            try:
                pixels = read_image(paths[index], channels, side)
            except (OSError, ValueError) as error:
                problems[index] = _reason(error)
                continue
            if pixels.shape == target.shape[1:]:
                target[index] = pixels
            else:
                problems[index] = f"is {_size(pixels)}, others are {_size(target[0])}; set image_size"

    _on_all_cores(read_chunk, range(0, len(paths), _CHUNK))
    return dict(sorted(problems.items()))


def chunk_of(shape: tuple[int, ...], most: int) -> int:
    """How many images of this shape are worked on together: `most`, or fewer where they take much memory."""
    return max(1, min(most, _CHUNK_BYTES // math.prod(shape)))


def _on_all_cores(work: Callable[[int], None], starts: Sequence[int]) -> None:
    with image_warnings(), ThreadPoolExecutor(_cores()) as threads:
        for _ in threads.map(work, starts):
            pass


@contextmanager
def image_warnings() -> Iterator[None]:
    """What decoders warn of: an image too large to be one is refused, damaged notes beside sound pixels are not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts 16-bit values off at 255; here they are scaled."""
    if image.mode == "F":
        raise ValueError("holds floating-point values; save it with 8 bits a channel")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > _SIXTEEN_BITS:
        raise ValueError(f"holds values from {values.min()} to {values.max()}; save it with 8 bits a channel")
    return Image.fromarray((values // 256).astype(np.uint8))


def _no_image(path: Path) -> str:
    with path.open("rb") as stream:
        begins = stream.read(_BEGINNING)
    return f"no image but {begins!r}" if begins else "empty"


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[2]} x {pixels.shape[1]} pixels"
