"""Pictures of how a data set is made up. Matplotlib is loaded here, when one is drawn."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nas.data.look import LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"train": "#2b6a99", "val": "#e0a030", "test": "#8a8f98"}
_LOOK: dict[Any, object] = {**LOOK, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.titleweight": "bold"}
MOST_CLASSES = 40
_BINS = 30
_LONGEST = 24


def draw_counts(path: Path, classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> None:
    """Stacked bars of the number of images of each class by part; counts: part to the number in each class.

    Of many classes the first are drawn.
    """
    names = classes[:MOST_CLASSES]
    labels = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…" for name in names]
    with _drawing(path, height=0.3 * len(names) + 1.3) as axes:
        left = np.zeros(len(names))
        for part, found in counts.items():
            widths = found[: len(names)]
            axes.barh(range(len(names)), widths, left=left, height=0.7, color=_COLOURS[part], label=part)
            left += widths
        for row, total in enumerate(left):
            axes.text(total, row, f" {total:,.0f}", va="center", size=9)
        axes.set_yticks(range(len(names)), labels)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, left.max() * 1.12)
        axes.grid(axis="x")
        axes.set_title("Images of each class" + (f": the first {len(names)}" if len(names) < len(classes) else ""))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0, handlelength=1)


def draw_histograms(path: Path, target: str, values: Mapping[str, NDArray[np.float64]]) -> None:
    """Stacked histograms of a table's targets by part; values: part to its targets."""
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), _BINS)
    with _drawing(path, height=3.2) as axes:
        colours = [_COLOURS[part] for part in values]
        axes.hist(list(values.values()), edges.tolist(), stacked=True, color=colours, label=list(values), rwidth=0.9)
        axes.set_xlabel(target)
        axes.set_ylabel("rows")
        axes.grid(axis="y")
        axes.set_title("Target")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0, handlelength=1)


@contextmanager
def _drawing(path: Path, height: float) -> Iterator["Axes"]:
    """Axes of a figure so many inches high, written to `path` as a PNG file at the end."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_LOOK), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks is drawn as a box
        figure = Figure(figsize=(6.5, height), layout="constrained")
        yield figure.add_subplot()
        figure.savefig(path, dpi=110, metadata={"Software": None})
