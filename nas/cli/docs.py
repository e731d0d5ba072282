"""`docs/cli.md`: the help of every command as one page. `python -m nas.cli.docs FILE` writes it."""

import sys
from pathlib import Path
from typing import Any

from nas.cli.main import COMMANDS, nas

WIDTH = 100
_HEAD = """\
# The command line

This page is written by `python -m nas.cli.docs docs/cli.md`; a test keeps it equal to what `--help` says.

Exit codes: 0 done; 1 a mistake in nas itself; 2 wrong arguments, space, data or study; 3 the storage or the tracking
service; 4 the machine's resources; 5 every trial failed; 130, 143 and 129 interrupted by Ctrl-C,
SIGTERM and a closed terminal, the same command goes on; 141 nobody reads the output any more. Mistakes are told on
stderr, a line each: `nas: error: WHERE: WHAT; WHAT TO DO`. They are with `--json` too: a script finds one JSON value on
stdout, or nothing.
"""


def page() -> str:
    """The page as Markdown."""
    settings: dict[str, Any] = {"resilient_parsing": True, "terminal_width": WIDTH}
    group = nas.make_context("nas", [], **settings)
    parts = [_HEAD, _section("nas", nas.get_help(group))]
    for name in (name for section in COMMANDS.values() for name in section):
        command = nas.get_command(group, name)
        assert command is not None
        parts.append(_section(f"nas {name}", command.get_help(command.make_context(name, [], group, **settings))))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```\n{text}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
