from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.report.paired import Difference, holm, paired_difference


def test_three_pairs_by_the_table_of_students_t() -> None:
    found = paired_difference({0: 0.51, 1: 0.62, 2: 0.73}, {0: 0.50, 1: 0.60, 2: 0.70})
    assert found is not None
    margin = 4.302653 * 0.01 / sqrt(3)  # t for 97.5 % with 2 degrees of freedom
    assert found.pairs == 3
    assert [found.mean, found.low, found.high] == pytest.approx([0.02, 0.02 - margin, 0.02 + margin])
    assert found.p == pytest.approx(0.0741799, rel=1e-5)  # t = 2 sqrt(3)
    assert found.clear is False


def test_only_common_seeds_are_pairs() -> None:
    assert paired_difference({0: 1.0, 5: 9.0}, {0: 0.5, 7: 3.0}) == Difference(0.5, 1)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None
    assert Difference(0.5, 1).clear is None


def test_pairs_that_all_differ_alike_leave_no_doubt() -> None:
    assert paired_difference({0: 1.5, 1: 2.5}, {0: 1.0, 1: 2.0}) == Difference(0.5, 2, 0.5, 0.5, 0.0)
    same = paired_difference({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0})
    assert same == Difference(0.0, 2, 0.0, 0.0, 1.0)
    assert same.clear is False


def test_a_constant_shift_of_noisy_pairs_is_found() -> None:
    base = {seed: 0.1 * seed for seed in range(10)}
    found = paired_difference({seed: value + 0.05 + 0.001 * (seed % 2) for seed, value in base.items()}, base)
    assert found is not None
    assert found.clear


def test_holms_method_by_hand() -> None:
    assert holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx([0.03, 0.06, None, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_corrected_p_values_keep_their_order_and_lie_between_the_raw_and_bonferronis(values: list[float]) -> None:
    corrected = holm(values)
    for raw, own in zip(values, corrected, strict=True):
        assert own is not None
        assert raw <= own <= min(1.0, len(values) * raw)
    order = sorted(range(len(values)), key=lambda index: values[index])
    ordered = [corrected[index] or 0.0 for index in order]
    assert ordered == sorted(ordered)
