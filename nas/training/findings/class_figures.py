"""Pictures of how well each class is found. With many classes they show the worst ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nas.training.findings.figures import BAD, FAINT, GOOD, INK, Layout, drawing, room, shortened
from nas.training.tasks import Evaluation
from nas.training.tasks.scores import ClassScores, confusion_matrix

MOST_CLASSES, MOST_PAIRS = 20, 10
_MARKERS = {"precision": ("o", GOOD), "recall": ("D", BAD), "f1": ("|", INK)}


def worst_classes(scores: ClassScores, most: int = MOST_CLASSES) -> Tensor:
    """The classes (int64) with the lowest F1, the worst first, at most so many; those without images come last."""
    return torch.where(scores.support > 0, scores.scores["f1"], torch.inf).argsort(stable=True)[:most]


def draw_per_class(path: Path, scores: ClassScores, names: Sequence[str]) -> None:
    """Precision, recall and F1 of each class as points on a line, the worst class at the top."""
    worst = worst_classes(scores)
    labels = [f"{shortened(names[label])}  ({scores.support[label]})" for label in worst.tolist()]
    height = 0.28 * len(worst) + 0.3
    title = _title("Precision, recall and F1 by class (number of images)", len(worst), len(names))
    with drawing(path, Layout(title, 5.5, height, left=room(labels), bottom=0.75)) as axes:
        rows = range(len(worst))
        values = {name: scores.scores[name][worst].numpy() for name in _MARKERS}
        axes.hlines(rows, values["precision"], values["recall"], color=FAINT, linewidth=3, zorder=1)
        for name, (marker, colour) in _MARKERS.items():
            label = "F1" if name == "f1" else name
            axes.scatter(values[name], rows, marker=marker, color=colour, s=80 if name == "f1" else 26, label=label)
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(worst) - 0.4, -0.6)
        least = min(float(value.min()) for value in values.values())
        axes.set_xlim(max(0.0, least - 0.05), 1.01)
        axes.grid(axis="x")
        axes.legend(loc="upper right", bbox_to_anchor=(1, -0.3 / height), ncols=3, handletextpad=0.1, borderpad=0)


def draw_confusion(path: Path, test: Evaluation, chosen: Tensor, names: Sequence[str]) -> None:
    """The confusion matrix of the `chosen` classes (int64), with a last column for all others.

    A cell's number counts images; its shade is the share of the true class: blue where they agree, red elsewhere.
    """
    labels = [shortened(names[label], 18) for label in chosen.tolist()]
    columns = labels if len(labels) == len(names) else [*labels, "all others"]
    cells = _cells(test, chosen, len(names))[:, : len(columns)]
    shares = cells / cells.sum(1, keepdim=True).clamp(min=1)
    side = min(0.62, max(0.4, 5.5 / len(columns)))
    upright = max(map(len, columns)) * 0.085 < side
    below = 0.7 if upright else 0.35 + room(columns)
    title = _title("Confusion matrix (number of images)", len(labels), len(names))
    layout = Layout(title, side * len(columns), side * len(labels), left=room(labels) + 0.3, bottom=below)
    with drawing(path, layout) as axes:
        axes.imshow(_shades(shares).numpy(), aspect="auto")
        for row, column in cells.nonzero().tolist():
            dark = shares[row, column] > 0.6
            colour, count = "white" if dark else INK, int(cells[row, column])
            axes.text(column, row, _count(count), color=colour, size=9, ha="center", va="center")
        axes.set_xticks(range(len(columns)), columns, rotation=0 if upright else 90)
        axes.set_yticks(range(len(labels)), labels)
        axes.spines[:].set_visible(True)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")


def draw_most_confused(path: Path, pairs: Sequence[Mapping[str, Any]]) -> None:
    """Bars of pairs of classes (`true`, `predicted`, `count`, `share`), in their order."""
    shown = pairs[:MOST_PAIRS]
    labels = [f"{shortened(pair['true'], 18)} → {shortened(pair['predicted'], 18)}" for pair in shown]
    counts = [pair["count"] for pair in shown]
    title = "Most confused: true → predicted (share of the true class)"
    with drawing(path, Layout(title, 4.5, 0.28 * len(shown) + 0.2, left=room(labels), bottom=0.2)) as axes:
        axes.barh(range(len(shown)), counts, height=0.65, color=BAD)
        for row, pair in enumerate(shown):
            axes.text(pair["count"], row, f"  {pair['count']:,}  ({pair['share']:.1%})", va="center", size=9)
        axes.set_yticks(range(len(shown)), labels)
        axes.set_xticks([])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(0, counts[0] * 1.25)
        axes.spines["bottom"].set_visible(False)


def _cells(test: Evaluation, chosen: Tensor, classes: int) -> Tensor:
    """The confusion of the chosen classes (int64 [chosen, chosen + 1]), the last column for all others."""
    place = torch.full((classes,), len(chosen)).scatter(0, chosen, torch.arange(len(chosen)))
    return confusion_matrix(place[test.true], place[test.predicted], len(chosen) + 1)[:-1]


def _shades(shares: Tensor) -> Tensor:
    """Colours (uint8 [rows, columns, 3]) of shares: from white to blue on the diagonal, to red elsewhere."""
    good, bad = (torch.tensor([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) for colour in (GOOD, BAD))
    diagonal = torch.eye(*shares.shape, dtype=torch.bool)[..., None]
    strength = torch.where(diagonal, shares[..., None], shares[..., None].sqrt())
    return (255 - strength * (255 - torch.where(diagonal, good, bad))).round().to(torch.uint8)


def _count(count: int) -> str:
    return str(count) if count < 10_000 else f"{count / 1000:.0f}k"


def _title(what: str, shown: int, classes: int) -> str:
    return what if shown == classes else f"{what}: the worst {shown} of {classes:,}"
