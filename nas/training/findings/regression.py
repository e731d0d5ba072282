"""How far a trained regression is off, and where."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nas.config import Table, TrialConfig
from nas.training.findings.figures import BAD, GOOD, INK, Layout, can_draw, drawing
from nas.training.findings.files import write_csv, write_json
from nas.training.tasks import Evaluation

MOST_POINTS = 5000


def write_regression(
    folder: Path, test: Evaluation, target: tuple[float, float], config: TrialConfig
) -> dict[str, Any]:
    """`report`, `predictions`, `predicted_against_true` and `residuals`. target: mean and deviation of training."""
    rows = zip(test.true.tolist(), test.predicted.tolist(), strict=True)
    write_csv(folder / "predictions.csv", ["true", "predicted"], rows)
    details = {"target_mean": target[0], "target_deviation": target[1]}
    write_json(folder / "report.json", {**test.values, "rows": len(test.true), **details})
    if can_draw():
        name = config.data.target if isinstance(config.data, Table) else "target"
        every = -(-len(test.true) // MOST_POINTS)
        true, predicted = test.true[::every], test.predicted[::every]
        draw_against_true(folder / "predicted_against_true.png", true, predicted, f"{name}: R² {test.values['r2']:.3f}")
        title = f"{name}: residuals, mean absolute {test.values['mae']:.4g}"
        draw_residuals(folder / "residuals.png", true, predicted, title)
    return details


def draw_against_true(path: Path, true: Tensor, predicted: Tensor, title: str) -> None:
    """Each prediction over its true value; on the line both are equal."""
    both = torch.cat([true, predicted])
    least, most = float(both.min()), float(both.max())
    margin = 0.03 * (most - least) or 1.0
    ends = (least - margin, most + margin)
    with drawing(path, Layout(title, 5.0, 5.0, left=0.95, bottom=0.7)) as axes:
        axes.plot(ends, ends, color=INK, linewidth=1)
        axes.scatter(true, predicted, s=14, color=GOOD, alpha=_opacity(true), linewidths=0)
        axes.set(xlim=ends, ylim=ends, xlabel="true", ylabel="predicted")
        axes.grid()


def draw_residuals(path: Path, true: Tensor, predicted: Tensor, title: str) -> None:
    """By how much each prediction is too high or too low, over the prediction."""
    with drawing(path, Layout(title, 6.0, 3.6, left=0.95, bottom=0.7)) as axes:
        axes.axhline(0, color=INK, linewidth=1)
        axes.scatter(predicted, predicted - true, s=14, color=BAD, alpha=_opacity(true), linewidths=0)
        axes.set(xlabel="predicted", ylabel="predicted - true")
        axes.grid()


def _opacity(points: Tensor) -> float:
    """Less where points lie on top of each other."""
    return min(0.8, max(0.15, 200 / len(points)))
