"""The machinery itself: it must be able to fail."""

import pytest

from tests import pace
from tests.bad_input.case import LINE, NOTICE, Case, Told, check_case, check_form, contents, make_home

GOOD = Case("near name", ["serch"], "serch", "no such command", "did you mean search?")
LINE_OF_GOOD = "nas: error: serch: no such command; did you mean search?\n"


def test_a_line_as_wanted_passes():
    check_case(Told(2, "", LINE_OF_GOOD, 0.1), GOOD)


@pytest.mark.parametrize(
    "told",
    [
        Told(1, "", LINE_OF_GOOD, 0.1),
        Told(2, "", "", 0.1),
        Told(2, "", LINE_OF_GOOD * 2, 0.1),
        Told(2, "", LINE_OF_GOOD, 5.1),
        Told(2, "", "nas: error: other: no such command; did you mean search?\n", 0.1),
        Told(2, "", "nas: error: serch: something else; did you mean search?\n", 0.1),
        Told(2, "", "nas: error: serch: no such command; see --help\n", 0.1),
        Told(2, "", "nas: error: did you mean search?; serch: no such command\n", 0.1),
    ],
)
def test_anything_else_fails(told, monkeypatch):
    monkeypatch.setattr(pace, "pace", lambda: 1.0)
    with pytest.raises(AssertionError):
        check_case(told, GOOD)


@pytest.mark.parametrize(
    "stderr",
    ["Error: wrong\n", "nas: error: a thing\n", "nas: error: a: b\n", "nas: error: internal: KeyError: 3; --debug\n",
     "Traceback (most recent call last):\n", "nas: error: a: b; c\nmore\n"],
)  # fmt: skip
def test_lines_of_another_form_fail(stderr):
    with pytest.raises(AssertionError):
        check_form(Told(2, "", stderr, 0.1), "case")


def test_what_may_stand_on_stderr():
    for line in ("nas: warning: --jobs: 9 trials share 2 cores; each will be slower", "  a: 3 -> 4", "Stopped.", ""):
        assert NOTICE.fullmatch(line)
    assert not NOTICE.fullmatch("nas: error: a: b")
    assert LINE.fullmatch("nas: error: a.py:3: b; c")


def test_a_change_anywhere_shows(tmp_path):
    make_home(tmp_path / "home")
    before = contents(tmp_path)
    assert contents(tmp_path) == before
    (tmp_path / "home" / "artifacts" / "small" / "00002" / "something").write_bytes(b"y" * 1000)
    changed = contents(tmp_path)
    assert [path for path in before if changed[path] != before[path]] == ["home/artifacts/small/00002/something"]
    (tmp_path / "home" / "new").mkdir()
    assert contents(tmp_path).keys() - before.keys() == {"home/new"}
