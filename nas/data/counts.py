"""How many images a data set has, before any is read: for predictions, so the last image does not matter."""

from collections import Counter
from collections.abc import Mapping
from math import inf

from nas.config import Cifar10, Data, Diabetes, Digits, FashionMnist, ImageFolder, Mnist, Table
from nas.data.columns import read_columns
from nas.data.folders import list_images
from nas.data.part import Part

PUBLISHED: dict[type[Data], dict[Part, int]] = {
    Digits: {Part.NONE: 1797},
    Cifar10: {Part.TRAIN: 50_000, Part.TEST: 10_000},
    Mnist: {Part.TRAIN: 60_000, Part.TEST: 10_000},
    FashionMnist: {Part.TRAIN: 60_000, Part.TEST: 10_000},
    Diabetes: {Part.NONE: 442},
}


def expected_counts(data: Data) -> dict[str, int]:
    """About how many images (or rows) `train`, `val` and `test` will have. Image folders are listed only.

    Raises:
        DataError: an image folder or a table that cannot be used.
    """
    given: Mapping[Part, int] = PUBLISHED.get(type(data), {})
    if isinstance(data, ImageFolder):
        given = Counter(file.part for file in list_images(data.path).files)
    elif isinstance(data, Table):
        given = {Part.NONE: len(read_columns(data).targets)}
    pool = given.get(Part.NONE, 0) + given.get(Part.TRAIN, 0)
    val = given.get(Part.VAL) or round(pool * data.val_share)
    test = given.get(Part.TEST) or round(pool * data.test_share)
    aside = (0 if Part.VAL in given else val) + (0 if Part.TEST in given else test)
    counts = {"train": pool - aside, "val": val, "test": test}
    left = min(1.0, (data.limit or inf) / max(1, sum(counts.values())))
    return {part: round(left * count) for part, count in counts.items()}
