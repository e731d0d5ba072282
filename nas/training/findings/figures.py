"""How the figures of the findings look, and how they become files. Matplotlib is loaded here, when one is drawn."""

import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from nas.data.look import FAINT as FAINT
from nas.data.look import LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOOD, BAD, THIRD, INK = "#2b6a99", "#c4512d", "#8a8f98", "#222222"
DPI = 110
EDGE, TOP = 0.2, 0.55
LETTER, TITLE_LETTER = 0.088, 0.096
"""Width of a letter in inches, on the average: a layout engine would know better, and take twice the time."""
_INKED = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color")
_LOOK: dict[Any, object] = {**LOOK, **dict.fromkeys(_INKED, INK)}


@dataclass(frozen=True)
class Layout:
    """A picture's axes and what is left free around them, in inches. The title stands above all of it, at the left."""

    title: str
    width: float
    height: float
    left: float
    bottom: float
    right: float = 0.3


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


@contextmanager
def drawing(path: Path, layout: Layout) -> Iterator["Axes"]:
    """Axes to draw on, written to `path` as a PNG file at the end."""
    import matplotlib
    from matplotlib.figure import Figure

    width = max(layout.left + layout.width + layout.right, len(layout.title) * TITLE_LETTER + 2 * EDGE)
    height = layout.bottom + layout.height + TOP
    with matplotlib.rc_context(_LOOK), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks is drawn as a box
        figure = Figure(figsize=(width, height))
        figure.text(EDGE / width, 1 - EDGE / height, layout.title, size=11, weight="bold", va="top")
        place = (layout.left / width, layout.bottom / height, layout.width / width, layout.height / height)
        yield figure.add_axes(place)
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


def shortened(name: str, most: int = 24) -> str:
    """A name on one line and of at most so many letters: its middle is left out."""
    name = " ".join(name.split())
    return name if len(name) <= most else f"{name[: most * 2 // 3 - 1]}…{name[-(most // 3) :]}"


def room(names: Sequence[str]) -> float:
    """Inches that the longest of these labels takes, with some space around it."""
    return LETTER * max(map(_letters, names)) + EDGE


def _letters(name: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in name)
