from pathlib import Path

from nas.cli.docs import page

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_says_what_help_says():
    assert DOCS.read_text(encoding="utf-8") == page(), "write it anew: python -m nas.cli.docs docs/cli.md"


def test_the_page_is_narrow_enough_to_read():
    assert max(map(len, page().splitlines())) <= 120
