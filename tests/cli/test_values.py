from contextlib import suppress

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.cli.values import Duration, ImageShape, OneOf, Share, Whole


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("30min", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("45", 45),
        ("1.5h", 5400),
        ("1h 5s", 3605),
    ],
)
def test_times(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5 parsecs", "nan", "inf", "1m2h", "h", "1h1h", "１0s x"])
def test_what_is_no_time(text):
    with pytest.raises(click.BadParameter, match="is not a time above 0; write 90s, 30m, 2h or 1h30m"):
        Duration().convert(text, None, None)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_the_parts_of_a_time_add_up(hours, minutes, seconds):
    assert Duration().convert(f"{hours}h{minutes}m{seconds}s", None, None) == hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize("kind", [Whole(), Share(), Duration(), ImageShape(), OneOf("letter", ("a", "b"))])
@given(text=st.text(max_size=20))
def test_any_text_is_taken_or_refused(kind, text):
    with suppress(click.BadParameter):
        kind.convert(text, None, None)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Whole(), "0", "0 is too low; give 1 or more"),
        (Whole(0), "-1", "-1 is too low; give 0 or more"),
        (Whole(), "1.5", "'1.5' is not a whole number; give 1 or more"),
        (Share(), "-0.5", "'-0.5' is not a number of at least 0; give 0, 0.25, 1, 2 or auto"),
        (Share(), "nan", "'nan' is not a number of at least 0; give 0, 0.25, 1, 2 or auto"),
        (ImageShape(), "3x0x8", "'3x0x8' is not a shape of images; write channels x height x width as 3x128x128"),
        (OneOf("sampler", ("tpe", "grid")), "tpee", "unknown sampler 'tpee'; did you mean tpe?"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_do(kind, text, message):
    with pytest.raises(click.BadParameter) as error:
        kind.convert(text, None, None)
    assert error.value.message == message


def test_good_values():
    assert Whole().convert("12", None, None) == 12
    assert Share().convert("0.25", None, None) == 0.25
    assert Share().convert("auto", None, None) == "auto"
    assert ImageShape().convert("3x128X64", None, None) == (3, 128, 64)
    assert OneOf("letter", ("a", "b")).convert("b", None, None) == "b"
