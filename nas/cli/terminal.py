"""What a person sees: rich's console, and streams that can show any name."""

import codecs
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_ESCAPE = "nas.escape"


def prepare_streams() -> None:
    """Let stdout show names that its encoding lacks as escapes that JSON knows, and take no width of 0 from COLUMNS."""
    codecs.register_error(_ESCAPE, _escape)
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        reconfigure(errors=_ESCAPE)
    if os.environ.get("COLUMNS") == "0":  # what some builds say where there is no terminal
        del os.environ["COLUMNS"]


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def result_alone(as_json: bool) -> AbstractContextManager[object]:
    """While it is open, with --json, what code of the space file or of a library prints goes to stderr."""
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def make_console(**settings: Any) -> "Console":
    """A console on stdout. Where nobody reads it any more, it ends the process with the code of a broken pipe."""
    from rich.console import Console

    from nas.cli.errors import BROKEN_PIPE

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            silence_stdout()
            raise SystemExit(BROKEN_PIPE)

    return Terminal(**settings)


def give_up_full_stdout() -> None:
    """Let nothing be flushed at the end to a stdout that takes nothing: the exit code would become Python's own."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        silence_stdout()


def silence_stdout() -> None:
    """Send what is still to be flushed at the end nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
