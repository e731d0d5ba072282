import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from nas import Augmentation
from nas.training.findings import examples
from nas.training.findings.examples import draw_augmented, of_all_classes, write_examples

NAMES = ("cat", "dog", "owl")


class Sheets:
    """Stands in for `sheet` and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[Tensor, int, list[str]]] = []

    def __call__(self, pixels: Tensor, columns: int, side: int, captions: list[str]) -> Image.Image:
        self.given.append((pixels, columns, captions))
        return Image.new("L", (1, 1))


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> Sheets:
    sheets = Sheets()
    monkeypatch.setattr(examples, "sheet", sheets)
    return sheets


def test_the_most_confident_mistakes_come_first(trial: Callable[..., Any], tmp_path: Path, sheets: Sheets) -> None:
    test, splits, _ = trial([(0, 0), (1, 2), (0, 1), (2, 2), (2, 0)] * 12, NAMES)
    test.confidence[4] = 0.99
    write_examples(tmp_path, test, splits.test, NAMES)
    wrong = json.loads((tmp_path / "misclassified.json").read_text())
    assert len(wrong) == 25
    assert wrong[0] == {"index": 4, "true": "owl", "predicted": "cat", "confidence": pytest.approx(0.99)}
    assert [row["index"] for row in wrong[1:6]] == [1, 2, 6, 7, 9]
    assert [row["confidence"] for row in wrong] == sorted((row["confidence"] for row in wrong), reverse=True)
    pixels, _, captions = sheets.given[0]
    assert pixels[:, 0, 0, 0].tolist() == [row["index"] for row in wrong]
    assert captions[0] == "true: owl\npredicted: cat\nconfidence: 99.0%"


def test_correct_ones_are_of_all_classes(trial: Callable[..., Any], tmp_path: Path, sheets: Sheets) -> None:
    test, splits, _ = trial([(0, 1), *[(0, 0)] * 40, (1, 1), *[(2, 2)] * 9], NAMES)
    write_examples(tmp_path, test, splits.test, NAMES)
    right = json.loads((tmp_path / "correct.json").read_text())
    assert [row["index"] for row in right] == [*range(1, 9), 41, *range(42, 50)]
    assert all(row["true"] == row["predicted"] for row in right)
    assert sheets.given[1][0][:, 0, 0, 0].tolist() == [row["index"] for row in right]
    assert sheets.given[1][2][8] == f"true: dog\nconfidence: {test.confidence[41]:.1%}"


def test_the_picture_holds_its_images(trial: Callable[..., Any], tmp_path: Path) -> None:
    test, splits, _ = trial([(0, 1)] * 7, NAMES)
    splits.test.pixels[:, 1:] = 0  # image n is of red n
    splits.test.pixels[:, 0] = (100 + 20 * torch.arange(7)).to(torch.uint8)[:, None, None]
    write_examples(tmp_path, test, splits.test, NAMES)
    with Image.open(tmp_path / "misclassified.png") as image:
        colours = {colour: count for count, colour in image.getcolors(maxcolors=10_000)}
    assert [colours.get((100 + 20 * number, 0, 0)) for number in range(7)] == [96 * 96] * 7


@given(st.lists(st.integers(0, 40), max_size=150), st.integers(1, 30))
def test_examples_cover_the_classes_evenly(labels: list[int], most: int) -> None:
    given_labels = torch.tensor(labels, dtype=torch.int64)
    chosen = of_all_classes(torch.arange(len(labels)), given_labels, most).tolist()
    assert len(chosen) == len(set(chosen)) <= most
    taken = [labels[index] for index in chosen]
    assert taken == sorted(taken)
    assert len(set(taken)) == min(most, len(set(labels)))
    for label in set(taken):
        members = [index for index, other in enumerate(labels) if other == label]
        ours = [index for index in chosen if labels[index] == label]
        assert ours == members[: len(ours)]
        assert len(ours) == min(len(members), max(1, most // len(set(labels))))


def test_originals_stand_above_their_augmented_versions(
    trial: Callable[..., Any], tmp_path: Path, sheets: Sheets
) -> None:
    _, splits, config = trial([(0, 0), (1, 1), (2, 2)] * 5, NAMES, Augmentation(brightness=0.5))
    draw_augmented(tmp_path / "augmented.png", config.augmentation, splits, config.seed)
    pixels, columns, captions = sheets.given[0]
    rows = pixels[:, 0, 0, 0].reshape(-1, columns)
    assert rows.shape == (5, 6)
    assert rows[0].tolist() == [0, 3, 1, 4, 2, 5]
    assert pixels.dtype == torch.uint8
    assert (rows[1:, 1:] <= rows[0, 1:] * 1.5 + 1).all()
    assert (rows[1:, 1:] >= rows[0, 1:] * 0.5 - 1).all()
    assert captions == ["cat", "cat", "dog", "dog", "owl", "owl"] + [""] * 24


def test_without_any_change_all_rows_are_alike(trial: Callable[..., Any], tmp_path: Path, sheets: Sheets) -> None:
    _, splits, config = trial([(0, 0), (1, 1), (2, 2)], NAMES)
    draw_augmented(tmp_path / "augmented.png", Augmentation(), splits, config.seed)
    pixels = sheets.given[0][0]
    assert torch.equal(pixels, splits.train.pixels.repeat(5, 1, 1, 1))


def test_mixed_images_say_how_much_of_each_class_they_are(
    trial: Callable[..., Any], tmp_path: Path, sheets: Sheets
) -> None:
    _, splits, config = trial([(0, 0), (1, 1), (2, 2)], NAMES)
    splits.train.pixels[:] = torch.tensor([0, 100, 200], dtype=torch.uint8)[:, None, None, None]
    draw_augmented(tmp_path / "augmented.png", Augmentation(mixup=1.0), splits, config.seed)
    pixels, _, captions = sheets.given[0]
    level = dict(zip(NAMES, (0, 100, 200), strict=True))
    mixed = 0
    for image, caption in zip(pixels[3:], captions[3:], strict=True):
        shares = [line.split("% ") for line in caption.splitlines()]
        mixed += len(shares) == 2
        value = sum(int(share) / 100 * level[name] for share, name in shares)
        assert float(image.float().mean()) == pytest.approx(value, abs=2.5)
    assert mixed >= 3
