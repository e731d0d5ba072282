from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageColor

from nas.training.findings.class_figures import draw_confusion, draw_most_confused, draw_per_class, worst_classes
from nas.training.findings.figures import BAD, DPI, GOOD, room, shortened
from nas.training.tasks.scores import class_scores

NAMES = ("cat", "dog", "owl")


def painted(path: Path, colour: str) -> NDArray[np.bool_]:
    """Where a picture has exactly this colour."""
    with Image.open(path) as image:
        found: NDArray[np.bool_] = (np.asarray(image.convert("RGB")) == ImageColor.getrgb(colour)).all(axis=2)
    return found


def bars(path: Path) -> list[int]:
    """Lengths of the bars in a picture, from the top, in pixels."""
    rows = painted(path, BAD).sum(axis=1)
    starts = np.flatnonzero((rows[1:] > 0) & (rows[:-1] == 0)) + 1
    return [int(rows[start + 2]) for start in starts]


@pytest.mark.parametrize(("shift", "good", "bad"), [(0, 3, 0), (1, 0, 3)])
def test_hits_are_blue_and_mistakes_red(
    shift: int, good: int, bad: int, trial: Callable[..., Any], tmp_path: Path
) -> None:
    test, _, _ = trial([(label, (label + shift) % 3) for label in range(3)], NAMES)
    draw_confusion(tmp_path / "confusion.png", test, torch.arange(3), NAMES)
    cell = (0.62 * DPI) ** 2
    assert painted(tmp_path / "confusion.png", GOOD).sum() / cell == pytest.approx(good, abs=0.25)
    assert painted(tmp_path / "confusion.png", BAD).sum() / cell == pytest.approx(bad, abs=0.25)


def test_a_matrix_of_some_classes_has_a_column_for_the_others(trial: Callable[..., Any], tmp_path: Path) -> None:
    test, _, _ = trial([(0, 2), (1, 1), (2, 2)], NAMES)
    draw_confusion(tmp_path / "confusion.png", test, torch.tensor([0, 1]), NAMES)
    columns = np.flatnonzero(painted(tmp_path / "confusion.png", BAD).any(axis=0))
    diagonal = np.flatnonzero(painted(tmp_path / "confusion.png", GOOD).any(axis=0))
    assert columns.min() > diagonal.max() - 2  # cat was taken for owl: right of dog's column
    assert len(columns) == pytest.approx(0.62 * DPI, abs=2)


def test_bars_are_as_long_as_their_counts(tmp_path: Path) -> None:
    pairs = [{"true": "cat", "predicted": "dog", "count": count, "share": 0.1} for count in (40, 20, 10)]
    draw_most_confused(tmp_path / "pairs.png", pairs)
    lengths = bars(tmp_path / "pairs.png")
    assert lengths == pytest.approx([lengths[0], lengths[0] / 2, lengths[0] / 4], abs=2)


def test_at_most_ten_bars(tmp_path: Path) -> None:
    pairs = [{"true": "cat", "predicted": "dog", "count": 50 - number, "share": 0.1} for number in range(30)]
    draw_most_confused(tmp_path / "pairs.png", pairs)
    assert len(bars(tmp_path / "pairs.png")) == 10


def test_the_worst_class_is_at_the_top(tmp_path: Path) -> None:
    true = torch.tensor([0] * 10 + [1] * 10 + [2] * 10)
    predicted = torch.tensor([0] * 10 + [1] * 4 + [0] * 6 + [2] * 10)
    scores = class_scores(true, predicted, 3)
    assert worst_classes(scores).tolist() == [1, 0, 2]
    draw_per_class(tmp_path / "classes.png", scores, NAMES)
    recall = np.argwhere(painted(tmp_path / "classes.png", BAD))
    top = recall[recall[:, 0] < recall[:, 0].min() + 6]
    assert top[:, 1].max() < recall[:, 1].max() - 100  # dog's recall of 0.4 lies far left of the others' 1.0


def test_classes_without_images_are_not_the_worst() -> None:
    scores = class_scores(torch.tensor([0, 0, 2]), torch.tensor([0, 1, 2]), 4)
    assert worst_classes(scores, 2).tolist() == [0, 2]


def test_names_are_shortened_in_their_middle() -> None:
    assert shortened("cat") == "cat"
    assert shortened("two\nlines and \t tabs") == "two lines and tabs"
    assert shortened("n" * 24) == "n" * 24
    assert shortened("Chihuahua of the northern hills", 12) == "Chihuah…ills"


@pytest.mark.parametrize(("short", "long"), [("cat", "cats"), ("cat", "漢字")])
def test_longer_labels_take_more_room(short: str, long: str) -> None:
    assert room([short]) < room([short, long])
