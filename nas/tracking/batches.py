"""Cuts what is to be logged into batches as large as MLflow takes."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from typing import NamedTuple

from nas.tracking.appearance import Point

_POINTS, _TEXTS = 800, 100  # MLflow takes 1,000 things at once, of them at most 100 params and 100 tags

Text = tuple[str, str]


class Batch(NamedTuple):
    """What goes into one call."""

    points: list[Point]
    params: tuple[Text, ...]
    tags: tuple[Text, ...]


def batches(groups: Iterable[list[Point]], params: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[Batch]:
    """The batches, none if there is nothing. A group is never split: its points arrive together or not at all."""
    for points, some_params, some_tags in zip_longest(_joined(groups), _parts(params), _parts(tags)):
        yield Batch(points or [], some_params or (), some_tags or ())


def _joined(groups: Iterable[list[Point]]) -> Iterator[list[Point]]:
    """Groups put together into batches as large as MLflow takes."""
    batch: list[Point] = []
    for group in groups:
        if batch and len(batch) + len(group) > _POINTS:
            yield batch
            batch = []
        batch = batch + group
    if batch:
        yield batch


def _parts(items: Mapping[str, str]) -> Iterator[tuple[Text, ...]]:
    pairs = iter(items.items())
    while part := tuple(islice(pairs, _TEXTS)):
        yield part
