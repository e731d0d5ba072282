"""Charts of a few bars, points and words, drawn by Pillow in a sixth of matplotlib's time, which was as long as a small
network trains. The letters are matplotlib's.
"""

import functools
import importlib.util
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from nas.data.look import FAINT
from nas.training.findings.figures import DPI, EDGE, INK, TITLE_LETTER, TOP, Layout

_FINE = 4
"""Markers are drawn so much larger, then reduced, for smooth edges."""

Marker = Literal["circle", "diamond", "bar"]


class Canvas:
    """A picture of a chart. Places are inches from the left upper corner of its axes; sizes of letters are points."""

    def __init__(self, layout: Layout) -> None:
        width = max(layout.left + layout.width + layout.right, len(layout.title) * TITLE_LETTER + 2 * EDGE)
        height = layout.bottom + layout.height + TOP
        self.layout = layout
        self.image = Image.new("RGB", (round(width * DPI), round(height * DPI)), "white")
        self._draw = ImageDraw.Draw(self.image)
        self._draw.text((EDGE * DPI, EDGE * DPI), layout.title, fill=INK, font=_font(11, bold=True), anchor="la")

    def text(self, x: float, y: float, text: str, anchor: str = "mm", ink: tuple[str, float] = (INK, 10)) -> None:
        """Write one line. anchor: which point of it lies there, as Pillow names them. ink: colour and size."""
        colour, size = ink
        self._draw.text(self._at(x, y), text, fill=colour, font=_font(size), anchor=anchor)

    def upright(self, x: float, y: float, text: str, anchor: Literal["top", "middle"]) -> None:
        """Write one line that reads from below, its top or its middle there."""
        font = _font(10)
        left, top, right, bottom = (round(side) for side in font.getbbox(text))
        letters = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(letters).text((-left, -top), text, fill=255, font=font)
        letters = letters.rotate(90, expand=True)
        across, down = self._at(x, y)
        corner = round(across - letters.width / 2), round(down - (letters.height / 2 if anchor == "middle" else 0))
        self.image.paste(INK, corner, letters)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, width: int = 1, colour: str = FAINT
    ) -> None:
        """A straight line, `width` pixels wide."""
        self._draw.line((self._at(*start), self._at(*end)), fill=colour, width=width)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        (left, top), (right, bottom) = self._at(x, y), self._at(x + width, y + height)
        self._draw.rectangle((round(left), round(top), round(right) - 1, round(bottom) - 1), fill=colour)

    def marker(self, x: float, y: float, marker: Marker, colour: str) -> None:
        """A small mark, its middle there."""
        mask = _mask(marker)
        across, down = self._at(x, y)
        self.image.paste(colour, (round(across - mask.width / 2), round(down - mask.height / 2)), mask)

    def cells(self, colours: Image.Image) -> None:
        """Fill the axes with the pixels of a small image."""
        (left, top), (right, bottom) = self._at(0, 0), self._at(self.layout.width, self.layout.height)
        size = round(right) - round(left), round(bottom) - round(top)
        self.image.paste(colours.resize(size, Image.Resampling.NEAREST), (round(left), round(top)))

    def save(self, path: Path) -> None:
        """Write it as a PNG file."""
        self.image.save(path, compress_level=1)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (self.layout.left + x) * DPI, (TOP + y) * DPI


@functools.cache
def _font(size: float, bold: bool = False) -> ImageFont.FreeTypeFont:
    found = importlib.util.find_spec("matplotlib")
    assert found is not None  # see `can_draw`
    assert found.origin is not None
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(fonts / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size * DPI / 72)


@functools.cache
def _mask(marker: Marker) -> Image.Image:
    """What of a marker's square is painted."""
    side = 15 * _FINE
    mask = Image.new("L", (side, side))
    draw, middle = ImageDraw.Draw(mask), side / 2
    if marker == "circle":
        draw.circle((middle, middle), 4.5 * _FINE, fill=255)
    elif marker == "diamond":
        draw.regular_polygon((middle, middle, 6 * _FINE), 4, rotation=45, fill=255)
    else:
        draw.rectangle((middle - _FINE, 0, middle + _FINE, side), fill=255)
    return mask.reduce(_FINE)
