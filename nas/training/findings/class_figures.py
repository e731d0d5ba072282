"""Pictures of how well each class is found. With many classes they show the worst ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from nas.training.findings.canvas import Canvas, Marker
from nas.training.findings.figures import BAD, GOOD, INK, Layout, room, shortened
from nas.training.tasks import Evaluation
from nas.training.tasks.scores import ClassScores, confusion_matrix

MOST_CLASSES, MOST_PAIRS = 20, 10
_MARKERS: dict[str, tuple[Marker, str]] = {
    "precision": ("circle", GOOD),
    "recall": ("diamond", BAD),
    "f1": ("bar", INK),
}


def worst_classes(scores: ClassScores, most: int = MOST_CLASSES) -> Tensor:
    """The classes (int64) with the lowest F1, the worst first, at most so many; those without images come last."""
    return torch.where(scores.support > 0, scores.scores["f1"], torch.inf).argsort(stable=True)[:most]


def draw_per_class(path: Path, scores: ClassScores, names: Sequence[str]) -> None:
    """Precision, recall and F1 of each class as points on a line, the worst class at the top."""
    worst = worst_classes(scores)
    labels = [f"{shortened(names[label])}  ({scores.support[label]})" for label in worst.tolist()]
    width, height = 5.5, 0.28 * len(worst) + 0.3
    title = _title("Precision, recall and F1 by class (number of images)", len(worst), len(names))
    canvas = Canvas(Layout(title, width, height, left=room(labels), bottom=0.75))
    values: dict[str, list[float]] = {name: scores.scores[name][worst].tolist() for name in _MARKERS}
    least = max(0.0, min(map(min, values.values())) - 0.05)

    def across(value: float) -> float:
        return (value - least) / (1.01 - least) * width

    for tick in _ticks(least):
        canvas.line((across(tick), 0), (across(tick), height))
        canvas.text(across(tick), height + 0.06, f"{tick:.2f}", "mt")
    _frame(canvas)
    for row, label in enumerate(labels):
        y = (row + 1) * 0.28
        canvas.text(-0.06, y, label, "rm")
        canvas.line((across(values["precision"][row]), y), (across(values["recall"][row]), y), width=4)
        for name, (marker, colour) in _MARKERS.items():
            canvas.marker(across(values[name][row]), y, marker, colour)
    for place, (name, (marker, colour)) in zip((3.0, 4.2, 5.1), _MARKERS.items(), strict=True):
        canvas.marker(place, height + 0.42, marker, colour)
        canvas.text(place + 0.13, height + 0.42, "F1" if name == "f1" else name, "lm")
    canvas.save(path)


def draw_confusion(path: Path, test: Evaluation, chosen: Tensor, names: Sequence[str]) -> None:
    """The confusion matrix of the `chosen` classes (int64), with a last column for all others.

    A cell's number counts images; its shade is the share of the true class: blue where they agree, red elsewhere.
    """
    labels = [shortened(names[label], 18) for label in chosen.tolist()]
    columns = labels if len(labels) == len(names) else [*labels, "all others"]
    cells = _cells(test, chosen, len(names))[:, : len(columns)]
    shares = cells / cells.sum(1, keepdim=True).clamp(min=1)
    side = min(0.62, max(0.4, 5.5 / len(columns)))
    upright = max(map(len, columns)) * 0.085 >= side
    below = 0.35 + room(columns) if upright else 0.7
    title = _title("Confusion matrix (number of images)", len(labels), len(names))
    canvas = Canvas(Layout(title, side * len(columns), side * len(labels), left=room(labels) + 0.3, bottom=below))
    canvas.cells(Image.fromarray(_shades(shares).numpy()))
    _frame(canvas, around=True)
    for row, column in cells.nonzero().tolist():
        colour = "white" if shares[row, column] > 0.6 else INK
        place = (column + 0.5) * side, (row + 0.5) * side
        canvas.text(*place, _count(int(cells[row, column])), ink=(colour, 9))
    for row, label in enumerate(labels):
        canvas.text(-0.06, (row + 0.5) * side, label, "rm")
    for column, label in enumerate(columns):
        if upright:
            canvas.upright((column + 0.5) * side, canvas.layout.height + 0.06, label, "top")
        else:
            canvas.text((column + 0.5) * side, canvas.layout.height + 0.06, label, "mt")
    canvas.text(canvas.layout.width / 2, canvas.layout.height + below - 0.3, "predicted")
    canvas.upright(0.12 - canvas.layout.left, canvas.layout.height / 2, "true", "middle")
    canvas.save(path)


def draw_most_confused(path: Path, pairs: Sequence[Mapping[str, Any]]) -> None:
    """Bars of pairs of classes (`true`, `predicted`, `count`, `share`), in their order."""
    shown = pairs[:MOST_PAIRS]
    labels = [f"{shortened(pair['true'], 18)} → {shortened(pair['predicted'], 18)}" for pair in shown]
    title = "Most confused: true → predicted (share of the true class)"
    canvas = Canvas(Layout(title, 4.5, 0.28 * len(shown) + 0.2, left=room(labels), bottom=0.2))
    for row, (pair, label) in enumerate(zip(shown, labels, strict=True)):
        y, length = 0.1 + (row + 0.5) * 0.28, pair["count"] / shown[0]["count"] * canvas.layout.width / 1.25
        canvas.text(-0.06, y, label, "rm")
        canvas.box(0, y - 0.09, length, 0.18, BAD)
        canvas.text(length + 0.08, y, f"{pair['count']:,}  ({pair['share']:.1%})", "lm", ink=(INK, 9))
    canvas.line((0, 0), (0, canvas.layout.height))
    canvas.save(path)


def _frame(canvas: Canvas, around: bool = False) -> None:
    """The axes' lines at the left and below, or all around."""
    width, height = canvas.layout.width, canvas.layout.height
    canvas.line((0, 0), (0, height))
    canvas.line((0, height), (width, height))
    if around:
        canvas.line((0, 0), (width, 0))
        canvas.line((width, 0), (width, height))


def _ticks(least: float) -> list[float]:
    """At most nine round values from `least` to 1."""
    step = next(step for step in (1, 2, 5, 10, 20) if (1 - least) * 100 / step < 8)
    return [tick / 100 for tick in range(0, 101, step) if tick / 100 >= least]


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
