from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas import Diabetes, Digits, ImageFolder
from nas.data.counts import expected_counts
from nas.data.limit import limited
from nas.data.part import Part
from nas.data.parts import ImageTable
from nas.data.prepare import prepare
from nas.data.splits import Images, load_splits
from nas.records import DataPlace


def a_table(strata: list[list[int]]) -> tuple[ImageTable, "np.ndarray[tuple[int], np.dtype[np.int8]]"]:
    """Table and parts from the number of items in each class (rows) and part (columns)."""
    labels = [label for label, sizes in enumerate(strata) for size in sizes for _ in range(size)]
    parts = [part for sizes in strata for part, size in enumerate(sizes, start=1) for _ in range(size)]
    contents = np.random.default_rng(0).integers(0, 2**63, len(labels)).astype(np.uint64)
    order = np.random.default_rng(1).permutation(len(labels))
    names = tuple(map(str, range(len(strata))))
    table = ImageTable(np.array(labels)[order], np.zeros(len(labels), np.int8), contents[order], names)
    return table, np.array(parts, np.int8)[order]


sizes = st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=5).filter(
    lambda strata: sum(map(sum, strata)) > 0
)


@given(sizes, st.integers(1, 150), st.integers(0, 3))
def test_every_stratum_keeps_its_share_and_the_limit_is_met(strata: list[list[int]], limit: int, seed: int) -> None:
    table, parts = a_table(strata)
    kept = limited(table, parts, limit, seed)
    total, there = sum(map(sum, strata)), sum(size > 0 for row in strata for size in row)
    assert (kept != Part.NONE).sum() == min(total, max(limit, there))
    assert np.array_equal(kept[kept != Part.NONE], parts[kept != Part.NONE])
    for label, row in enumerate(strata):
        for part, size in enumerate(row, start=1):
            count = int(((kept == part) & (table.labels == label)).sum())
            assert (count > 0) == (size > 0)
            if limit >= total:
                assert count == size
            assert count <= max(1, np.ceil(size * limit / total))
            assert count >= min(size, np.floor(size * limit / total)) - there


def test_the_seed_and_the_content_decide() -> None:
    table, parts = a_table([[40, 20, 20], [30, 10, 10]])
    chosen = [set(table.contents[limited(table, parts, 30, seed) > 0].tolist()) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    turned = ImageTable(table.labels[::-1], table.given, table.contents[::-1], table.class_names)
    assert set(turned.contents[limited(turned, parts[::-1], 30, 0) > 0].tolist()) == chosen[0]


def test_digits_in_proportion(place: DataPlace) -> None:
    splits = load_splits(Digits(limit=200), place, 0)
    assert splits.info.counts == {"train": 140, "val": 30, "test": 30}
    assert sum(splits.info.counts.values()) == sum(expected_counts(Digits(limit=200)).values()) == 200
    for part, least in ((splits.train, 13), (splits.val, 3), (splits.test, 3)):
        assert torch.bincount(part.labels, minlength=10).min() >= least
    assert splits.info.digest == prepare(Digits(), place, 0).digest
    mean = splits.train.pixels.double().mean() / 255
    assert splits.mean.item() == pytest.approx(mean.item(), abs=1e-6)


def test_a_limit_below_one_of_each_class_and_part(place: DataPlace) -> None:
    assert prepare(Digits(limit=10), place, 0).counts == {"train": 10, "val": 10, "test": 10}


def test_given_parts_stay_given(make_folder, place: DataPlace) -> None:  # type: ignore[no-untyped-def]
    path: Path = make_folder({"train/a": 40, "train/b": 40, "test/a": 10, "test/b": 10})
    whole = load_splits(ImageFolder(path=str(path)), place, 0)
    part = load_splits(ImageFolder(path=str(path), limit=20), place, 0)
    assert part.info.counts == {"train": 12, "val": 4, "test": 4}

    def images(*parts: Images) -> set[bytes]:
        return {bytes(pixels.numpy()) for part in parts for pixels in part.pixels}

    assert images(part.test) < images(whole.test)
    assert images(part.train, part.val) < images(whole.train, whole.val)


def test_tables_have_a_limit_too(place: DataPlace) -> None:
    splits = load_splits(Diabetes(limit=50), place, 0)
    assert sum(splits.info.counts.values()) == 50
    assert splits.target is not None
    assert splits.target[0] == pytest.approx(float(splits.train.labels.mean()))
