"""Space files for commands that are wrong in another way, and arguments that come with them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cli.conftest import FAILING, PLAIN, TINY

FILES = {"tiny.py": TINY, "parabola.py": PLAIN, "broken.py": FAILING}


def write_spaces(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


def beside_spaces(*arguments: str) -> Callable[[Path], Sequence[str]]:
    """The arguments, given where the space files lie."""

    def arrange(folder: Path) -> Sequence[str]:
        write_spaces(folder)
        return arguments

    return arrange


def search(*options: str, file: str = "tiny.py") -> Callable[[Path], Sequence[str]]:
    return beside_spaces("search", file, *options)
