"""What a trained classifier finds and what it mistakes for something else."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nas.config import TrialConfig
from nas.data.splits import Splits
from nas.training.findings.class_figures import draw_confusion, draw_most_confused, draw_per_class, worst_classes
from nas.training.findings.examples import draw_augmented, write_examples
from nas.training.findings.figures import can_draw
from nas.training.findings.files import write_csv, write_json
from nas.training.tasks import Evaluation
from nas.training.tasks.scores import ClassScores, class_scores, confusion_matrix

MATRIX_CLASSES = 1000
"""With more classes no matrix is written, which would be mostly empty; `most_confused.json` then holds all of it."""
LEDGER_CLASSES, LEDGER_PAIRS = 50, 5


def write_classification(folder: Path, test: Evaluation, splits: Splits, config: TrialConfig) -> dict[str, Any]:
    """`report`, `per_class`, `confusion_matrix`, `most_confused`, `misclassified`, `correct` and `augmented`."""
    names = splits.info.class_names
    scores = class_scores(test.true, test.predicted, len(names))
    rows = _per_class(scores, names)
    pairs = _most_confused(test, scores, names)
    figures = {**test.values, **scores.macro(), **scores.weighted()}
    write_json(folder / "report.json", {**figures, "images": len(test.true), "classes": rows})
    write_csv(folder / "per_class.csv", list(rows[0]), [row.values() for row in rows])
    write_json(folder / "most_confused.json", pairs)
    write_examples(folder, test, splits.test, names)
    if config.augmentation is not None:
        draw_augmented(folder / "augmented.png", config.augmentation, splits, config.seed)
    if can_draw():
        draw_per_class(folder / "per_class.png", scores, names)
        draw_confusion(folder / "confusion_matrix.png", test, worst_classes(scores).sort().values, names)
        if pairs:
            draw_most_confused(folder / "most_confused.png", pairs)
    details: dict[str, Any] = {"class_names": list(names), "most_confused": pairs[:LEDGER_PAIRS]}
    details["per_class"] = [rows[label] for label in worst_classes(scores, LEDGER_CLASSES).sort().values.tolist()]
    if len(names) <= MATRIX_CLASSES:
        matrix = confusion_matrix(test.true, test.predicted, len(names)).tolist()
        write_csv(folder / "confusion_matrix.csv", ["true \\ predicted", *names], _named(names, matrix))
        if len(names) <= LEDGER_CLASSES:
            details["confusion_matrix"] = matrix
    return details


def _per_class(scores: ClassScores, names: Sequence[str]) -> list[dict[str, Any]]:
    """One row for each class."""
    columns = {**scores.scores, "support": scores.support}
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [{"class": name, **dict(zip(columns, row, strict=True))} for name, row in zip(names, values, strict=True)]


def _most_confused(test: Evaluation, scores: ClassScores, names: Sequence[str]) -> list[dict[str, Any]]:
    """All pairs of classes of which the first was taken for the second, the most frequent first."""
    wrong = test.true != test.predicted
    counts = Counter(zip(test.true[wrong].tolist(), test.predicted[wrong].tolist(), strict=True))
    support = scores.support.tolist()
    return [
        {"true": names[true], "predicted": names[predicted], "count": count, "share": count / support[true]}
        for (true, predicted), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _named(names: Sequence[str], matrix: list[list[int]]) -> list[list[object]]:
    return [[name, *row] for name, row in zip(names, matrix, strict=True)]
