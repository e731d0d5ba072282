"""Sharing out processors and cards, node by node."""

import pytest

from nas.search.executors.resources import ResourceError, Resources, share_out

LAPTOP = [{"CPU": 2.0}]
TWO_NODES = [{"CPU": 8.0}, {"CPU": 8.0}]
CARDS = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 16.0, "GPU": 2.0}]


@pytest.mark.parametrize(
    ("nodes", "jobs", "share", "expected", "threads"),
    [
        (LAPTOP, None, None, Resources(2, 1, 0.0), 1),
        (LAPTOP, 1, None, Resources(1, 2, 0.0), 2),
        (LAPTOP, 4, None, Resources(4, 0.5, 0.0), 1),
        (TWO_NODES, 1, None, Resources(1, 8, 0.0), 8),
        (TWO_NODES, None, None, Resources(16, 1, 0.0), 1),
        (CARDS, None, None, Resources(4, 8, 1.0), 8),
        (CARDS, None, 0.25, Resources(16, 2, 0.25), 2),
        (CARDS, None, 0.6, Resources(4, 8, 0.6), 8),
        (CARDS, None, 2.0, Resources(2, 16, 2.0), 16),
        (CARDS, 3, 0.5, Resources(3, 10, 0.5), 10),
        ([{"CPU": 2.0, "GPU": 1.0}], None, 0.25, Resources(4, 0.5, 0.25), 1),
    ],
)
def test_shares(
    nodes: list[dict[str, float]], jobs: int | None, share: float | None, expected: Resources, threads: int
) -> None:
    assert share_out(nodes, jobs, share) == expected
    assert expected.threads == threads


@pytest.mark.parametrize(
    ("nodes", "share", "words"),
    [
        (LAPTOP, 0.5, "--gpus-per-trial: 0.5 asked for each trial, and the largest node has 0"),
        (CARDS, 3.0, "--gpus-per-trial: 3 asked for each trial, and the largest node has 2"),
        (CARDS, 1.5, "--gpus-per-trial: 1.5 cannot be placed"),
    ],
)
def test_what_cannot_be_placed_is_refused(nodes: list[dict[str, float]], share: float, words: str) -> None:
    with pytest.raises(ResourceError, match=words):
        share_out(nodes, None, share)
