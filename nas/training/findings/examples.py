"""Images that show where a network errs, where it is right, and what augmentation made of its training images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nas.config import Augmentation
from nas.data.augmentation import augment
from nas.data.sheet import sheet
from nas.data.splits import Images, Splits
from nas.training.findings.files import write_json
from nas.training.tasks import Evaluation

MOST = 25
COLUMNS = 5
AUGMENTED, VERSIONS = 8, 4
SIDE = 96


def write_examples(folder: Path, test: Evaluation, images: Images, names: Sequence[str]) -> None:
    """`misclassified` and `correct`, each as `.json` and (if there are such images) `.png`.

    The misclassified ones are those with the most confidence; the correct ones are the first of their class.
    """
    assert test.confidence is not None
    wrong = torch.nonzero(test.true != test.predicted).flatten()
    most_sure = wrong[test.confidence[wrong].argsort(descending=True, stable=True)]
    found = torch.nonzero(test.true == test.predicted).flatten()
    for name, chosen in (("misclassified", most_sure[:MOST]), ("correct", of_all_classes(found, test.true, MOST))):
        examples = [
            {
                "index": index,
                "true": names[int(test.true[index])],
                "predicted": names[int(test.predicted[index])],
                "confidence": float(test.confidence[index]),
            }
            for index in chosen.tolist()
        ]
        write_json(folder / f"{name}.json", examples)
        if examples:
            captions = [_caption(example) for example in examples]
            picture = sheet(images.take(chosen).pixels, COLUMNS, SIDE, captions)
            picture.save(folder / f"{name}.png", compress_level=1)  # in half the time


def of_all_classes(items: Tensor, labels: Tensor, most: int) -> Tensor:
    """Up to `most` of the `items` (indices into `labels`, int64): the first ones of each class, class by class.

    Of more classes than that, as many are taken, evenly spaced.
    """
    by_class = items[labels[items].argsort(stable=True)]
    counts = labels[by_class].bincount()
    counts = counts[counts > 0]
    place = torch.arange(len(by_class)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    first = by_class[place < max(1, most // max(1, len(counts)))]
    return first if len(first) <= most else first[torch.linspace(0, len(first) - 1, most).round().long()]


def draw_augmented(path: Path, augmentation: Augmentation, splits: Splits, seed: int) -> None:
    """A row of training images of several classes, and below each what the augmentation may make of it.

    A version that was mixed with another image says how much of each class it counts as.
    """
    train, names = splits.train, splits.info.class_names
    chosen = train.take(of_all_classes(torch.arange(len(train)), train.labels.cpu(), AUGMENTED))
    pixels, labels = chosen.pixels, chosen.labels
    generator = torch.Generator(pixels.device).manual_seed(seed)
    rows, captions = [pixels], [names[label] for label in labels.tolist()]
    for _ in range(VERSIONS):
        version, mixed = augment(augmentation, pixels, labels, len(names), generator)
        rows.append(version.round().to(torch.uint8))
        captions += [_shares(row, names) for row in mixed] if mixed.is_floating_point() else [""] * len(labels)
    sheet(torch.cat(rows), len(pixels), SIDE, captions).save(path)


def _shares(row: Tensor, names: Sequence[str]) -> str:
    """The classes that a mixed image counts as, one a line, the greater share first."""
    shares = [(names[label], float(row[label])) for label in row.argsort(descending=True, stable=True)[:2].tolist()]
    return "\n".join(f"{share:.0%} {name}" for name, share in shares if share >= 0.005)


def _caption(example: dict[str, Any]) -> str:
    lines = [f"true: {example['true']}"]
    if example["predicted"] != example["true"]:
        lines.append(f"predicted: {example['predicted']}")
    return "\n".join([*lines, f"confidence: {example['confidence']:.1%}"])
