from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (0, "0"), (8, "8"), (999, "999"), (1000, "1.00 k"), (79_624, "79.6 k"), (999_499, "999 k"),
        (999_600, "1.00 M"), (6_256_392, "6.26 M"), (24_237_128, "24.2 M"), (12_512_784_000, "12.5 G"),
        (2.5e12, "2.50 T"), (0.5, "0.500"),
    ],
)  # fmt: skip
def test_amounts_have_three_digits_and_a_prefix(value: float | None, text: str) -> None:
    assert words.amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (10.16, "10.2"), (0.1374, "0.137"), (0.0366, "0.0366"), (9.999, "10.0"), (2e-5, "2.0e-05")],
)
def test_ratios_have_three_digits(value: float | None, text: str) -> None:
    assert words.ratio(value) == text


@given(st.floats(min_value=1e-3, max_value=9e5))
def test_three_digits_are_within_half_a_unit_of_the_third(value: float) -> None:
    assert float(words.ratio(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (nan, ""), (inf, ""), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
        (59.6, "1m 00s"), (725, "12m 05s"), (3599.7, "1h 00m"), (11_220, "3h 07m"), (187_200, "2d 04h"),
    ],
)  # fmt: skip
def test_durations_in_their_two_largest_units(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_other_words() -> None:
    assert [words.size(count) for count in (512, 1200, 3_400_000, 5e9)] == ["512 B", "1.2 kB", "3.4 MB", "5.0 GB"]
    assert [words.plural(count, "trial") for count in (0, 1, 1200)] == ["0 trials", "1 trial", "1,200 trials"]
    assert [words.share(value) for value in (None, 0.89249)] == ["", "0.8925"]
    assert [words.figure(value) for value in (None, 1200, 0.123456)] == ["", "1,200", "0.1235"]


def test_a_sparkline_spans_its_own_range() -> None:
    assert words.sparkline([0.1, 0.8, 0.4, nan]) == "▁█▄ "
    assert words.sparkline([0.5, 0.5]) == "▄▄"
    assert words.sparkline([nan]) == words.sparkline([]) == ""


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_a_sparkline_has_a_sign_for_each_value(values: list[float]) -> None:
    assert len(words.sparkline(values)) in (0, len(values))
    assert bool(words.sparkline(values)) == any(isfinite(value) for value in values)
