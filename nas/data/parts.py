"""Which image is trained on, validated on, tested on: by class, by content and by seed, never by name or order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nas.data.errors import DataError, listed, some_of
from nas.data.part import PARTS, Part

Parts = NDArray[np.int8]
Contents = NDArray[np.uint64]
"""A hash of each image's pixels: equal for identical images."""


@dataclass(frozen=True)
class ImageTable:
    """What a split needs to know of N images: class, part that they came in (NONE: not said), hash of their pixels."""

    labels: NDArray[np.int64]
    given: Parts
    contents: Contents
    class_names: tuple[str, ...]


def assign_parts(table: ImageTable, shares: Mapping[Part, float], seed: int) -> Parts:
    """The part of each image (N). What was given to val or test stays there; of the rest `shares` are set aside.

    Each class gives up its shares: within one image of the exact number, but at least one, where no images are
    identical. Identical images stay together; those that appear under several classes are trained on and left out of
    the shares. Which images are taken depends on the seed and on their content alone.

    Raises:
        DataError: a line for each class that has too few different images.
    """
    parts = np.where(table.given > Part.TRAIN, table.given, np.int8(Part.TRAIN))
    if not shares:
        return parts
    pool = np.flatnonzero(parts == Part.TRAIN)
    labels, contents = table.labels[pool], table.contents[pool]
    clear = ~np.isin(contents, _ambiguous(labels, contents))
    mistakes = []
    for label, name in enumerate(table.class_names):
        members = np.flatnonzero((labels == label) & clear)
        groups, inverse, sizes = np.unique(contents[members], return_inverse=True, return_counts=True)
        if len(groups) <= len(shares):
            mistakes.append(_too_few(name, len(groups), shares))
            continue
        order = np.argsort(draw_keys(groups, seed))
        chosen = np.empty(len(groups), np.int8)
        chosen[order] = _choose(sizes[order].tolist(), _wanted(len(members), shares))
        parts[pool[members]] = chosen[inverse]
    if mistakes:
        raise DataError(*listed(mistakes))
    return parts


def part_warnings(table: ImageTable, parts: Parts, name_of: Callable[[int], str] = str) -> Iterator[str]:
    """What a person should know of the split: images in two parts at once, images under two classes.

    name_of: what an image is called, by its place.
    """
    for first, second in combinations(PARTS, 2):
        shared = (parts == second) & np.isin(table.contents, table.contents[parts == first])
        if shared.any():
            example = int(np.argmax(shared))
            same = int(np.argmax((parts == first) & (table.contents == table.contents[example])))
            yield (
                f"{shared.sum()} of {(parts == second).sum()} images in {second.folder} are also in {first.folder} (as "
                f"the data came), such as {name_of(example)} and {name_of(same)}: {second.folder} figures flatter"
            )
    ambiguous = np.isin(table.contents, _ambiguous(table.labels, table.contents))
    if ambiguous.any():
        names = [table.class_names[label] for label in np.unique(table.labels[ambiguous])]
        alike = np.flatnonzero(table.contents == table.contents[np.argmax(ambiguous)])
        other = alike[table.labels[alike] != table.labels[alike[0]]][0]
        yield (
            f"{ambiguous.sum()} images appear identically under several classes ({some_of(names, 5)}), such as "
            f"{name_of(int(alike[0]))} and {name_of(int(other))}"
        )


def _ambiguous(labels: NDArray[np.int64], contents: Contents) -> Contents:
    """The contents that bear more than one label."""
    order = np.lexsort((labels, contents))
    labels, contents = labels[order], contents[order]
    repeated: Contents = contents[1:][(contents[1:] == contents[:-1]) & (labels[1:] != labels[:-1])]
    return repeated


def _wanted(count: int, shares: Mapping[Part, float]) -> dict[Part, int]:
    """How many of a class's images each part takes: its share rounded, at least one, and less than all together."""
    wanted = {part: max(1, round(count * share)) for part, share in shares.items()}
    while sum(wanted.values()) >= count:
        several = [part for part in wanted if wanted[part] > 1]
        wanted[max(several, key=lambda part: wanted[part] - count * shares[part])] -= 1
    return wanted


def _choose(sizes: list[int], wanted: dict[Part, int]) -> list[Part]:
    """The part of each group of identical images, given their sizes.

    The groups fill val and test in this order, never beyond what is wanted; the rest is trained on. A part left empty,
    because every group was too large for it, takes the smallest group of those that have more than one.
    """
    chosen = [Part.TRAIN] * len(sizes)
    left = dict(wanted)
    for place, size in enumerate(sizes):
        part = next((part for part in left if size <= left[part]), None)
        if part is not None:
            chosen[place] = part
            left[part] -= size
    for part in (Part.TRAIN, *wanted):
        if part not in chosen:
            groups = Counter(chosen)
            spare = [place for place, other in enumerate(chosen) if groups[other] > 1]
            chosen[min(spare, key=lambda place: sizes[place])] = part
    return chosen


def draw_keys(contents: Contents, seed: int) -> Contents:
    """A pseudorandom number for each content and seed: no two contents have the same."""
    return _mix(contents ^ _mix(np.array([seed], np.uint64)))


def _mix(words: Contents) -> Contents:
    """The finalizer of SplitMix64 (Steele, Lea & Flood 2014): a bijection of 64-bit words, in no library's hands."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _too_few(name: str, found: int, shares: Mapping[Part, float]) -> str:
    parts = ", ".join(part.folder for part in (Part.TRAIN, *shares))
    return (
        f"class {name!r}: {found} different images of its own, but {parts} need one each; "
        f"add images or remove the class"
    )
