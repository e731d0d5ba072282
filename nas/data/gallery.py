"""A data set for people: how many items each class has, what they look like, how a table's numbers are spread."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nas.config import Data, Tabular
from nas.data.charts import MOST_CLASSES, draw_counts, draw_histograms
from nas.data.part import PARTS, Part
from nas.data.prepare import split
from nas.data.sheet import sheet
from nas.data.splits import Splits, load_splits
from nas.data.tables import NumberTable, read_table
from nas.records import DataPlace

_SAMPLES = 8


def write_gallery(data: Data, place: DataPlace, seed: int, folder: Path) -> None:
    """Write pictures and numbers of a data set, split by this seed, into `folder`, which is made.

    For classes `class_counts.json` (class to part to number), `class_counts.png` and `samples.png` (some images of each
    class of the train part). For a table `columns.json` (of each column and of the target: mean, deviation, smallest
    and largest of the train part, and how many cells are empty in all parts) and `target.png` (histograms by part).

    Raises:
        DataError: as for `load_splits`. OSError: something could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(data, Tabular):
        _write_table(data, seed, folder)
    else:
        _write_classes(load_splits(data, place, seed), folder)


def _write_classes(splits: Splits, folder: Path) -> None:
    names = splits.info.class_names
    counts = {
        part.folder: torch.bincount(images.labels, minlength=len(names)).tolist()
        for part, images in zip(PARTS, (splits.train, splits.val, splits.test), strict=True)
    }
    by_class = {name: {part: counts[part][label] for part in counts} for label, name in enumerate(names)}
    _write_json(folder / "class_counts.json", by_class)
    draw_counts(folder / "class_counts.png", names, counts)
    _draw_samples(splits, folder / "samples.png")


def _draw_samples(splits: Splits, path: Path) -> None:
    """A row of images for each class. What a class lacks is left white."""
    names = splits.info.class_names[:MOST_CLASSES]
    chosen = [torch.nonzero(splits.train.labels == label).ravel()[:_SAMPLES] for label in range(len(names))]
    columns = max(map(len, chosen))
    white = torch.full((len(names) * columns, *splits.info.shape), 255, dtype=torch.uint8)
    captions = [""] * len(white)
    for label, found in enumerate(chosen):
        first = label * columns
        white[first : first + len(found)] = splits.train.take(found).pixels
        captions[first : first + len(found)] = [names[label]] * len(found)
    sheet(white, columns, captions=captions).save(path)


def _write_table(data: Tabular, seed: int, folder: Path) -> None:
    table = read_table(data)
    parts = split(table.rows, data, seed)
    _write_json(folder / "columns.json", _facts(table, parts == Part.TRAIN))
    draw_histograms(folder / "target.png", table.target_name, {p.folder: table.targets[parts == p] for p in PARTS})


def _facts(table: NumberTable, train: NDArray[np.bool_]) -> dict[str, Any]:
    """Facts of each column by its name, those of the target beside them."""
    facts: dict[str, Any] = {"target": {"name": table.target_name, **_spread(table.targets[train])}}
    facts["columns"] = {
        name: {**_spread(column[train & ~np.isnan(column)]), "empty": int(np.isnan(column).sum())}
        for name, column in zip(table.names, table.inputs.T, strict=True)
    }
    return facts


def _spread(values: NDArray[np.float64]) -> dict[str, float | None]:
    if not len(values):
        return dict.fromkeys(("mean", "deviation", "smallest", "largest"))
    found = {"mean": values.mean(), "deviation": values.std(), "smallest": values.min(), "largest": values.max()}
    return {name: float(value) for name, value in found.items()}


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
