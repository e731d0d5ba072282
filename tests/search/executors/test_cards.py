"""How many trials share a card. No card is needed: memory is numbers here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search.executors.cards import GIB, Need, share_of_card
from nas.search.executors.resources import share_out

NODE = {"CPU": 16.0, "GPU": 1.0}


@pytest.mark.parametrize(
    ("step", "data", "free", "cpus", "trials"),
    [
        (2, 0, 12, 16, 4),  # 0.5 + 1.25 x 2 = 3 GiB each
        (2, 0, 11.99, 16, 3),
        (1.6, 0.4, 12, 16, 4),
        (0, 0, 80, 16, 16),  # as many as processors
        (0, 0, 80, 3.5, 3),
        (20, 0, 24, 16, 1),
        (0, 0, 800, 1000, 100),
    ],
)
def test_as_many_trials_as_memory_and_processors_take(
    step: float, data: float, free: float, cpus: float, trials: int
) -> None:
    nodes = [{"CPU": cpus, "GPU": 1.0}]
    share = share_of_card(Need(int(step * GIB), int(data * GIB), int(free * GIB)), nodes)
    assert int(1 / share.gpus) == trials
    assert share_out(nodes, None, share.gpus).jobs == trials


def test_a_trial_that_needs_more_than_a_card_gets_one() -> None:
    share = share_of_card(Need(20 * GIB, 0, 24 * GIB), [NODE])
    assert share.gpus == 1
    assert share.why == (
        "needs 25.5 GiB, and a card has 24.0 GiB free; where it does not fit, batches go through in parts"
    )


def test_the_reason_names_figures_and_what_limits() -> None:
    assert share_of_card(Need(2 * GIB, 0, 12 * GIB), [NODE]).why == "needs 3.0 GiB, and a card has 12.0 GiB free"
    crowded = share_of_card(Need(0, 0, 12 * GIB), [NODE])
    assert crowded.why == "needs 0.5 GiB, and a card has 12.0 GiB free; room for 24, with 16 processors to a card"


def test_the_node_with_the_fewest_processors_for_a_card_decides() -> None:
    nodes = [{"CPU": 64.0, "GPU": 1.0}, {"CPU": 16.0, "GPU": 4.0}, {"CPU": 96.0}]
    share = share_of_card(Need(0, 0, 80 * GIB), nodes)
    assert share.gpus == 0.25
    assert share_out(nodes, None, share.gpus).jobs == 4 + 16


def test_a_node_without_processors_gives_each_trial_a_card() -> None:
    assert share_of_card(Need(0, 0, 80 * GIB), [{"GPU": 1.0}]).gpus == 1


@given(
    st.integers(0, 100 * GIB), st.integers(0, 10 * GIB), st.integers(1, 200 * GIB), st.integers(1, 300),
    st.integers(1, 8),
)  # fmt: skip
def test_trials_never_need_more_than_there_is(step: int, data: int, free: int, cpus: int, gpus: int) -> None:
    nodes = [{"CPU": float(cpus), "GPU": float(gpus)}]
    need = Need(step, data, free)
    shared = share_out(nodes, None, share_of_card(need, nodes).gpus)
    on_a_card = shared.jobs / gpus
    assert on_a_card == 1 or (on_a_card * need.trial <= free and shared.jobs <= cpus)
