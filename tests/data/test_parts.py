from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import Cifar10, Data, Digits, ImageFolder
from nas.data.errors import DataError
from nas.data.part import Part, part_shares
from nas.data.parts import ImageTable, Parts, assign_parts, part_warnings

FREE = (Part.NONE, Part.TRAIN)


def table_of(groups: list[list[int]], part: Part = Part.NONE) -> ImageTable:
    """For each class the sizes of its groups of identical images."""
    random = np.random.default_rng(len(groups))
    labels = [label for label, sizes in enumerate(groups) for size in sizes for _ in range(size)]
    contents = [
        content
        for sizes in groups
        for size, content in zip(sizes, random.integers(0, 2**63, len(sizes)), strict=True)
        for _ in range(size)
    ]
    order = random.permutation(len(labels))
    return ImageTable(
        np.array(labels, np.int64)[order],
        np.full(len(labels), part, np.int8),
        np.array(contents, np.uint64)[order],
        tuple(f"class {label}" for label in range(len(groups))),
    )


@st.composite
def shares(draw: st.DrawFn) -> dict[Part, float]:
    val = draw(st.floats(0.01, 0.9))
    both = {Part.VAL: val, Part.TEST: draw(st.floats(0.01, 0.98 - val))}
    chosen = draw(st.sets(st.sampled_from(list(both)), min_size=1))
    return {part: share for part, share in both.items() if part in chosen}


singles = st.lists(st.integers(3, 80).map(lambda count: [1] * count), min_size=2, max_size=4)
repeated = st.lists(st.lists(st.integers(1, 12), min_size=3, max_size=30), min_size=2, max_size=4)
seeds = st.integers(0, 2**31 - 1)


def counts(table: ImageTable, parts: Parts) -> Iterator[tuple[int, dict[Part, int]]]:
    for label in range(len(table.class_names)):
        of_class = parts[table.labels == label].tolist()
        yield len(of_class), {part: of_class.count(part) for part in (Part.TRAIN, Part.VAL, Part.TEST)}


@given(singles, shares(), seeds, st.sampled_from(FREE))
def test_each_class_gives_its_exact_share_within_one_image(
    groups: list[list[int]], wanted: dict[Part, float], seed: int, part: Part
) -> None:
    table = table_of(groups, part)
    parts = assign_parts(table, wanted, seed)
    every = {Part.TRAIN: 1 - sum(wanted.values()), **wanted}
    for count, taken in counts(table, parts):
        assert sum(taken.values()) == count
        assert {part for part in taken if taken[part]} == set(every)
        if all(share * count >= 1 for share in every.values()):  # smaller shares are raised to one image
            assert all(abs(taken[part] - every[part] * count) < 1 + 1e-9 for part in wanted)


@pytest.mark.parametrize("count", range(3, 41))
def test_the_usual_shares_of_small_classes(count: int) -> None:
    table = table_of([[1] * count] * 2)
    for _, taken in counts(table, assign_parts(table, {Part.VAL: 0.15, Part.TEST: 0.15}, 0)):
        assert all(abs(taken[part] - 0.15 * count) < 1 and taken[part] for part in (Part.VAL, Part.TEST))


@given(repeated, shares(), seeds)
def test_identical_images_are_never_separated(groups: list[list[int]], wanted: dict[Part, float], seed: int) -> None:
    table = table_of(groups)
    parts = assign_parts(table, wanted, seed)
    part_of = dict(zip(table.contents.tolist(), parts.tolist(), strict=True))
    assert [part_of[content] for content in table.contents.tolist()] == parts.tolist()
    for sizes, (count, taken) in zip(groups, counts(table, parts), strict=True):
        assert sum(taken.values()) == count
        for part in (Part.TRAIN, *wanted):
            assert taken[part] > 0
            assert part is Part.TRAIN or abs(taken[part] - wanted[part] * count) <= 1 + 2 * max(sizes)


@given(repeated, shares(), seeds, st.randoms(use_true_random=False))
def test_the_split_depends_on_content_and_seed_alone(
    groups: list[list[int]], wanted: dict[Part, float], seed: int, random: "np.random.Generator"
) -> None:
    table = table_of(groups)
    order = np.arange(len(table.labels))
    random.shuffle(order)
    moved = ImageTable(table.labels[order], table.given[order], table.contents[order], table.class_names)
    assert np.array_equal(assign_parts(table, wanted, seed)[order], assign_parts(moved, wanted, seed))


@given(seeds, seeds)
def test_other_seeds_split_otherwise(first: int, second: int) -> None:
    table = table_of([[1] * 100] * 2)
    wanted = {Part.VAL: 0.2, Part.TEST: 0.2}
    same = np.array_equal(assign_parts(table, wanted, first), assign_parts(table, wanted, second))
    assert same == (first == second)


def test_every_image_gets_its_turn() -> None:
    table = table_of([[1] * 40] * 2)
    tested = sum((assign_parts(table, {Part.VAL: 0.25}, seed) == Part.VAL).astype(int) for seed in range(400))
    assert abs(tested - 100).max() < 45  # binomial, 5 standard deviations of 8.7


def test_what_was_given_stays() -> None:
    table = table_of([[1] * 20] * 2)
    given_parts = np.where(np.arange(40) % 4 == 0, np.int8(Part.TEST), np.int8(Part.TRAIN))
    table = ImageTable(table.labels, given_parts, table.contents, table.class_names)
    parts = assign_parts(table, {Part.VAL: 0.2}, 0)
    assert np.array_equal(parts == Part.TEST, given_parts == Part.TEST)
    assert assign_parts(table, {}, 0).tolist() == given_parts.tolist()


def test_images_under_several_classes_are_trained_on_and_told() -> None:
    table = table_of([[1] * 10, [1] * 10])
    first, second = (np.flatnonzero(table.labels == label)[0] for label in (0, 1))
    table.contents[second] = table.contents[first]
    for seed in range(20):
        parts = assign_parts(table, {Part.VAL: 0.4, Part.TEST: 0.4}, seed)
        assert parts[[first, second]].tolist() == [Part.TRAIN, Part.TRAIN]
    assert list(part_warnings(table, parts)) == [
        f"2 images appear identically under several classes (class 0, class 1), such as {first} and {second}"
    ]


def test_images_given_to_two_parts_are_told() -> None:
    table = table_of([[1] * 10, [1] * 10])
    parts = np.array([Part.TRAIN] * 12 + [Part.VAL] * 4 + [Part.TEST] * 4, np.int8)
    table.contents[16:18] = table.contents[0]
    table.labels[16:18] = table.labels[0]
    assert list(part_warnings(table, parts, "image {}".format)) == [
        "2 of 4 images in test are also in train (as the data came), such as image 16 and image 0: test figures flatter"
    ]


def test_classes_with_too_few_images_are_all_named() -> None:
    with pytest.raises(DataError) as caught:
        assign_parts(table_of([[1, 1], [1] * 10, [5, 4]]), {Part.VAL: 0.2, Part.TEST: 0.2}, 0)
    assert [line.split(";")[0] for line in caught.value.lines] == [
        "class 'class 0': 2 different images of its own, but train, val, test need one each",
        "class 'class 2': 2 different images of its own, but train, val, test need one each",
    ]


@pytest.mark.parametrize(
    ("data", "given_parts", "expected"),
    [
        (Digits(), [Part.NONE], {Part.VAL: 0.15, Part.TEST: 0.15}),
        (Cifar10(), [Part.TRAIN, Part.TEST], {Part.VAL: 0.2}),
        (ImageFolder(path="x"), [Part.NONE], {Part.VAL: 0.2, Part.TEST: 0.15}),
        (ImageFolder(path="x", val_share=0.15), [Part.TRAIN], {Part.VAL: 0.15, Part.TEST: 0.15}),
        (ImageFolder(path="x"), [Part.TRAIN, Part.TEST], {Part.VAL: 0.2}),
        (ImageFolder(path="x", val_share=0.3), [Part.TRAIN, Part.TEST], {Part.VAL: 0.3}),
        (ImageFolder(path="x", test_share=0.3), [Part.TRAIN, Part.VAL], {Part.TEST: 0.3}),
        (ImageFolder(path="x"), [Part.TRAIN, Part.VAL, Part.TEST], {}),
    ],
)
def test_which_shares_are_set_aside(data: Data, given_parts: list[Part], expected: dict[Part, float]) -> None:
    assert part_shares(data, given_parts) == expected
