"""Limits of time: they must be able to fail, and to hold on a slow machine."""

import pytest

from tests import pace
from tests.pace import check_time


@pytest.mark.parametrize(("slower", "took"), [(1.0, 5.0), (2.0, 10.0)])
def test_in_time(monkeypatch: pytest.MonkeyPatch, slower: float, took: float) -> None:
    monkeypatch.setattr(pace, "pace", lambda: slower)
    check_time(took, 5)


@pytest.mark.parametrize(("slower", "took"), [(1.0, 5.1), (2.0, 10.1)])
def test_too_late(monkeypatch: pytest.MonkeyPatch, slower: float, took: float) -> None:
    monkeypatch.setattr(pace, "pace", lambda: slower)
    with pytest.raises(AssertionError, match=rf"took {took} s, 5 x {slower:.2f}[^\n]*\nwhat was seen"):
        check_time(took, 5, "what was seen")


@pytest.mark.parametrize(("quiet", "low", "high"), [(1e-4, 100, float("inf")), (1e6, 1, 1)])
def test_the_pace_is_measured(monkeypatch: pytest.MonkeyPatch, quiet: float, low: float, high: float) -> None:
    """Slower than a machine that is faster than all, and never faster than one that is slower than all."""
    monkeypatch.setattr(pace, "QUIET", quiet)
    assert low <= pace.pace() <= high
