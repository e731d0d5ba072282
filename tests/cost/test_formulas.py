from hypothesis import given
from hypothesis import strategies as st

from nas.cost import conv_output, conv_params


def test_known_values_of_the_formulas():
    assert conv_output(7, 3, 2, 1) == 4
    assert conv_params(3, 3, 2) == 56


@given(n=st.integers(1, 30), f=st.integers(1, 12), s=st.integers(1, 5), p=st.integers(0, 5))
def test_conv_output_counts_the_places_of_the_kernel(n, f, s, p):
    assert max(conv_output(n, f, s, p), 0) == len(range(0, n + 2 * p - f + 1, s))


def test_grouped_convolutions_see_their_own_channels_only():
    assert conv_params(3, 8, 12, groups=4) == 4 * conv_params(3, 2, 3)
