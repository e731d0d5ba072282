"""Several images on one sheet, in rows, with a caption under each."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nas.data.images import Pixels

_GAP = 8
_LETTERS = 11
_INK, _PAPER = "#222222", "white"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def sheet(pixels: Tensor, columns: int, side: int = 64, captions: Sequence[str] = ()) -> Image.Image:
    """A grid of images in reading order, `columns` in each row, on white.

    pixels: uint8 (N, C, H, W) with one channel or three, on any device. side: the longer side of each image on the
    sheet, in pixels; small images are enlarged to it by whole pixels as far as they fit. captions: one for each image,
    as many lines as it has, each cut where it is too long; or none.

    Raises:
        ValueError: there is nothing to show, or another number of captions than of images.
    """
    if not len(pixels) or (captions and len(captions) != len(pixels)):
        raise ValueError(f"needs images and a caption for each or none, got {len(pixels)} and {len(captions)}")
    font = ImageFont.load_default(_LETTERS)
    widest = max((font.getlength(line) for caption in captions for line in caption.splitlines()), default=0)
    below = _LETTERS + 4
    lines = max((len(caption.splitlines()) for caption in captions), default=0)
    columns = min(columns, len(pixels))
    width, height = max(side, min(2 * side, round(widest) + 1)) + _GAP, side + lines * below + _GAP
    paper = Image.new("RGB", (columns * width + _GAP, -(-len(pixels) // columns) * height + _GAP), _PAPER)
    draw = ImageDraw.Draw(paper)
    for number, item in enumerate(pixels.cpu().numpy()):
        row, column = divmod(number, columns)
        left, top = _GAP + column * width, _GAP + row * height
        image = _fitted(item, side)
        cell = width - _GAP
        paper.paste(image, (left + (cell - image.width) // 2, top + (side - image.height) // 2))
        for line, text in enumerate(captions[number].splitlines() if captions else ()):
            place = (left + cell / 2, top + side + 2 + line * below)
            draw.text(place, _cut(text, font, cell), fill=_INK, font=font, anchor="ma")
    return paper


def _fitted(item: Pixels, side: int) -> Image.Image:
    """One image (C, H, W), its longer side `side` pixels or, enlarged, the largest multiple of its own that fits."""
    channels, height, width = item.shape
    image = Image.fromarray(item[0] if channels == 1 else np.ascontiguousarray(item.transpose(1, 2, 0)))
    longest = max(height, width)
    if longest <= side:
        factor = side // longest
        return image.resize((width * factor, height * factor), Image.Resampling.NEAREST)
    size = (max(1, round(width * side / longest)), max(1, round(height * side / longest)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _cut(text: str, font: Font, room: float) -> str:
    """The text, or as much of its beginning as fits into `room` pixels before three dots."""
    if font.getlength(text) <= room:
        return text
    kept = next((count for count in range(len(text), 0, -1) if font.getlength(f"{text[:count]}...") <= room), 0)
    return f"{text[:kept]}..."
