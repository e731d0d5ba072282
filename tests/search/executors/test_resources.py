"""Sharing out processors and cards, node by node."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (CARDS, 3, 0.5, Resources(3, 8, 0.5), 8),  # with 10 two of them would lie on one node, the third nowhere
        (TWO_NODES, 3, None, Resources(3, 4, 0.0), 4),
        ([{"CPU": 16.0}, {"CPU": 4.0, "GPU": 2.0}], None, None, Resources(2, 2, 1.0), 2),
        ([{"CPU": 0.0}, {"CPU": 4.0}], None, None, Resources(4, 1, 0.0), 1),
        ([{"GPU": 2.0}], None, 0.5, Resources(4, 0, 0.5), 1),
        ([{"CPU": 2.0, "GPU": 1.0}], None, 0.25, Resources(4, 0.5, 0.25), 1),
    ],
)
def test_shares(
    nodes: list[dict[str, float]], jobs: int | None, share: float | None, expected: Resources, threads: int
) -> None:
    assert share_out(nodes, jobs, share) == expected
    assert expected.threads == threads


@pytest.mark.parametrize(
    ("nodes", "jobs", "share", "trials", "expected", "threads"),
    [
        (LAPTOP, None, None, 1, Resources(1, 2, 0.0), 2),
        (LAPTOP, None, None, 2, Resources(2, 1, 0.0), 1),
        (LAPTOP, 4, None, 3, Resources(3, 0.5, 0.0), 1),
        (TWO_NODES, None, None, 1, Resources(1, 8, 0.0), 8),
        (TWO_NODES, None, None, 5, Resources(5, 2, 0.0), 2),
        (TWO_NODES, 4, None, 5, Resources(4, 4, 0.0), 4),
        (TWO_NODES, None, None, math.inf, Resources(16, 1, 0.0), 1),
        (CARDS, None, 0.25, 2, Resources(2, 16, 0.25), 16),
        (CARDS, None, None, 1, Resources(1, 16, 1.0), 16),
    ],
)
def test_fewer_trials_than_cores_get_more_threads(  # noqa: PLR0913
    nodes: list[dict[str, float]],
    jobs: int | None,
    share: float | None,
    trials: float,
    expected: Resources,
    threads: int,
) -> None:
    assert share_out(nodes, jobs, share, trials) == expected
    assert expected.threads == threads


NODES = st.lists(
    st.fixed_dictionaries({"CPU": st.integers(1, 64).map(float), "GPU": st.integers(0, 4).map(float)}),
    min_size=1,
    max_size=4,
)


@given(
    NODES, st.none() | st.integers(1, 40), st.sampled_from([None, 0.0, 0.0312, 0.1, 0.25, 0.3333, 0.5, 1.0]),
    st.integers(1, 100) | st.just(math.inf),
)  # fmt: skip
def test_every_trial_finds_room_and_no_core_more_would_do(
    nodes: list[dict[str, float]], jobs: int | None, share: float | None, trials: float
) -> None:
    try:
        shared = share_out(nodes, jobs, share, trials)
    except ResourceError:
        assert share
        assert not any(node["GPU"] for node in nodes)
        return
    assert 1 <= shared.jobs <= min(jobs or math.inf, trials)
    assert placed(nodes, shared) == shared.jobs
    if shared.cpus >= 1:
        assert placed(nodes, dataclasses.replace(shared, cpus=shared.cpus + 1)) < shared.jobs


def placed(nodes: list[dict[str, float]], shared: Resources) -> int:
    """How many of the trials find room: put one by one onto the first node and card that take them, as Ray counts."""
    unit = 10_000
    cpus = [round(node["CPU"] * unit) for node in nodes]
    cards = [[unit] * int(node["GPU"]) for node in nodes]
    count = 0
    for _ in range(shared.jobs):
        for number in range(len(nodes)):
            card = next((i for i, left in enumerate(cards[number]) if left >= round(shared.gpus * unit)), None)
            if cpus[number] < round(shared.cpus * unit) or (shared.gpus and card is None):
                continue
            cpus[number] -= round(shared.cpus * unit)
            if card is not None:
                cards[number][card] -= round(shared.gpus * unit)
            count += 1
            break
    return count


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
