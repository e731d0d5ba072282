import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageColor

from nas import TrialConfig
from nas.config import MLP, Diabetes, Table
from nas.data.splits import Images, Splits
from nas.records import DataInfo
from nas.training import findings
from nas.training.findings.figures import BAD, GOOD, INK
from nas.training.tasks import Evaluation

PICTURES = {"predicted_against_true.png", "residuals.png"}


def write(folder: Path, true: list[float], predicted: list[float], data: Diabetes | Table | None = None) -> dict:
    rows = Images(torch.zeros(len(true), 2, 1, 1), torch.tensor(true))
    info = DataInfo((2, 1, 1), (), {}, "0")
    splits = Splits(rows, rows, rows, info, torch.zeros(2), torch.ones(2), target=(5.0, 2.0))
    test = Evaluation({"loss": 0.1, "mse": 0.4, "mae": 0.5, "r2": 0.9}, rows.labels, torch.tensor(predicted))
    return findings.write(folder, test, splits, TrialConfig(data=data or Diabetes(), model=MLP()))


def test_tables(tmp_path: Path) -> None:
    details = write(tmp_path, [1.0, 2.5, -3.0], [1.5, 2.25, -2.0])
    with (tmp_path / "predictions.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["true", "predicted"], ["1.0", "1.5"], ["2.5", "2.25"], ["-3.0", "-2.0"]]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == {"loss": 0.1, "mse": 0.4, "mae": 0.5, "r2": 0.9, "rows": 3, **details}
    assert details == {"target_mean": 5.0, "target_deviation": 2.0}
    assert {path.name for path in tmp_path.glob("*.png")} == PICTURES


def points(path: Path, colour: str) -> np.ndarray:
    """Rows and columns [N, 2] of the pixels that have something of a colour's hue, away from grey and white."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(float)
    wanted = np.array(ImageColor.getrgb(colour)) - 255.0
    towards = (pixels - 255) @ wanted / (wanted @ wanted)
    distance = np.linalg.norm((pixels - 255) - towards[..., None] * wanted, axis=2)
    return np.argwhere((towards > 0.5) & (distance < 12))


def test_exact_predictions_lie_on_the_line_and_without_residuals(tmp_path: Path) -> None:
    write(tmp_path, [0.0, 4.0, 10.0], [0.0, 4.0, 10.0])
    found = points(tmp_path / "predicted_against_true.png", GOOD)
    rows, columns = found[:, 0], found[:, 1]
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)
    assert np.corrcoef(rows, columns)[0, 1] < -0.99
    assert np.ptp(points(tmp_path / "residuals.png", BAD)[:, 0]) < 10


def test_residuals_are_above_zero_where_the_prediction_is_too_high(tmp_path: Path) -> None:
    write(tmp_path, [0.0, 4.0, 10.0], [1.0, 5.0, 11.0])
    zero = points(tmp_path / "residuals.png", INK)
    line = np.bincount(zero[:, 0]).argmax()
    assert (points(tmp_path / "residuals.png", BAD)[:, 0] < line).all()


def test_many_rows_are_all_in_the_table(tmp_path: Path) -> None:
    numbers = [float(number % 97) for number in range(12_000)]
    write(tmp_path, numbers, numbers[::-1])
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 12_001


def test_one_row(tmp_path: Path) -> None:
    write(tmp_path, [3.0], [3.0])
    assert {path.name for path in tmp_path.glob("*.png")} == PICTURES


def test_the_picture_names_the_target(tmp_path: Path) -> None:
    for folder, data in (("a", Diabetes()), ("b", Table(path="x.csv", target="a much longer name $y$"))):
        write(tmp_path / folder, [1.0, 2.0], [1.0, 2.0], data)
    first, second = (points(tmp_path / name / "residuals.png", INK) for name in "ab")
    title = (array[array[:, 0] < 40][:, 1] for array in (first, second))
    assert max(next(title)) + 50 < max(next(title))
