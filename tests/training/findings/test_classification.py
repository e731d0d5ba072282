import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import classification_report, confusion_matrix

from nas import Augmentation
from nas.training import findings

NAMES = ("a/b c", 'say "$x$", \\n', "ünï 漢字")
PAIRS = [(0, 0)] * 6 + [(0, 1)] * 3 + [(1, 1)] * 4 + [(1, 0)] * 1 + [(2, 1)] * 3 + [(2, 2)] * 3
TABLES = {"report.json", "per_class.csv", "confusion_matrix.csv", "most_confused.json", "misclassified.json"}
TABLES |= {"correct.json"}
SHEETS = {"misclassified.png", "correct.png"}
FIGURES = {"per_class.png", "confusion_matrix.png", "most_confused.png"}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_report_and_table_are_scikit_learns(trial: Callable[..., Any], tmp_path: Path) -> None:
    findings.write(tmp_path / "new" / "folder", *trial(PAIRS))
    true, predicted = zip(*PAIRS, strict=True)
    expected = classification_report(true, predicted, labels=range(3), target_names=NAMES, output_dict=True)
    report = read_json(tmp_path / "new" / "folder" / "report.json")
    assert report["accuracy"] == pytest.approx(13 / 20)
    assert (report["loss"], report["images"]) == (0.5, 20)
    for average in ("macro", "weighted"):
        for score, name in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert report[f"{average}_{score}"] == pytest.approx(expected[f"{average} avg"][name])
    header, *table = read_csv(tmp_path / "new" / "folder" / "per_class.csv")
    assert header == ["class", "precision", "recall", "f1", "support"]
    for name, row, told in zip(NAMES, table, report["classes"], strict=True):
        theirs = expected[name]
        values = [theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]]
        assert [row[0], *map(float, row[1:])] == [name, *map(pytest.approx, values)]
        assert list(told.values()) == [name, *map(pytest.approx, values)]


def test_confusion_matrix(trial: Callable[..., Any], tmp_path: Path) -> None:
    details = findings.write(tmp_path, *trial(PAIRS))
    expected = confusion_matrix(*zip(*PAIRS, strict=True)).tolist()
    header, *table = read_csv(tmp_path / "confusion_matrix.csv")
    assert header == ["true \\ predicted", *NAMES]
    assert [row[0] for row in table] == list(NAMES)
    assert [list(map(int, row[1:])) for row in table] == expected == details["confusion_matrix"]


def test_most_confused_pairs_come_first(trial: Callable[..., Any], tmp_path: Path) -> None:
    details = findings.write(tmp_path, *trial(PAIRS))
    expected = [
        {"true": NAMES[0], "predicted": NAMES[1], "count": 3, "share": pytest.approx(3 / 9)},
        {"true": NAMES[2], "predicted": NAMES[1], "count": 3, "share": pytest.approx(3 / 6)},
        {"true": NAMES[1], "predicted": NAMES[0], "count": 1, "share": pytest.approx(1 / 5)},
    ]
    assert read_json(tmp_path / "most_confused.json") == expected == details["most_confused"]


def test_what_the_ledger_keeps(trial: Callable[..., Any], tmp_path: Path) -> None:
    details = findings.write(tmp_path, *trial(PAIRS))
    assert list(details["class_names"]) == list(NAMES)
    assert details["per_class"] == read_json(tmp_path / "report.json")["classes"]
    assert json.loads(json.dumps(details)) == details


def test_a_classifier_without_mistakes(trial: Callable[..., Any], tmp_path: Path) -> None:
    details = findings.write(tmp_path, *trial([(0, 0), (1, 1), (2, 2)]))
    assert details["most_confused"] == read_json(tmp_path / "misclassified.json") == []
    assert names_in(tmp_path) == TABLES | {"correct.png", "per_class.png", "confusion_matrix.png"}


def test_a_classifier_without_a_hit(trial: Callable[..., Any], tmp_path: Path) -> None:
    findings.write(tmp_path, *trial([(0, 1), (1, 2), (2, 0)]))
    assert read_json(tmp_path / "correct.json") == []
    assert names_in(tmp_path) == TABLES | FIGURES | {"misclassified.png"}


def test_without_matplotlib_there_are_tables_and_images(
    trial: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    findings.write(tmp_path, *trial(PAIRS, augmentation=Augmentation(rotation=10)))
    assert names_in(tmp_path) == TABLES | SHEETS | {"augmented.png"}


def test_the_same_trial_gives_the_same_files(trial: Callable[..., Any], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        torch.rand(3)  # torch's global random state does not matter
        findings.write(folder, *trial(PAIRS, augmentation=Augmentation(rotation=30, erase=0.5, mixup=0.5)))
    assert names_in(folders[0]) == TABLES | SHEETS | FIGURES | {"augmented.png"}
    for path in folders[0].iterdir():
        assert path.read_bytes() == (folders[1] / path.name).read_bytes(), path.name


def test_many_classes_stay_bounded_and_tables_keep_all(trial: Callable[..., Any], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    true = np.repeat(np.arange(1000), 3)
    predicted = np.where(random.random(3000) < 0.7, true, random.integers(0, 1000, 3000))
    names = [f"n{label:08d} a rather long name of class {label}" for label in range(1000)]
    details = findings.write(tmp_path, *trial(list(zip(true.tolist(), predicted.tolist(), strict=True)), names))
    assert len(read_json(tmp_path / "report.json")["classes"]) == 1000
    assert sum(pair["count"] for pair in read_json(tmp_path / "most_confused.json")) == (true != predicted).sum()
    assert len(read_csv(tmp_path / "confusion_matrix.csv")) == 1001
    assert (len(details["per_class"]), len(details["most_confused"])) == (50, 5)
    assert "confusion_matrix" not in details
    scores = sorted(read_json(tmp_path / "report.json")["classes"], key=lambda row: row["f1"])
    assert max(row["f1"] for row in details["per_class"]) == scores[49]["f1"]
    for name in ("misclassified", "correct"):
        assert len(read_json(tmp_path / f"{name}.json")) == 25
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as image:
            assert max(image.size) < 1400, path.name


def test_beyond_a_thousand_classes_no_matrix_is_written(trial: Callable[..., Any], tmp_path: Path) -> None:
    findings.write(tmp_path, *trial([(0, 0), (1000, 4)], [str(label) for label in range(1001)]))
    assert names_in(tmp_path) == (TABLES | SHEETS | FIGURES) - {"confusion_matrix.csv"}
