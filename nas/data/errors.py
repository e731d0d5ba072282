"""What is told when data cannot be used."""

from collections.abc import Iterable, Sequence


class DataError(ValueError):
    """Data that cannot be used: one or more lines for a person, each saying where, what is wrong and what to do."""

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(map(printable, lines))
        super().__init__(*self.lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def printable(line: str) -> str:
    """The line with escapes for what would break it: line ends in file names, and bytes that are no UTF-8."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def listed(lines: Iterable[str], most: int = 10) -> list[str]:
    """The first `most` mistakes, then an indented line that counts the rest."""
    every = list(lines)
    rest = len(every) - most
    return every if rest <= 0 else [*every[:most], f"  ... and {rest} more like these"]


def some_of(names: Iterable[str], most: int = 10) -> str:
    """The first `most` names, and how many more there are, for the middle of a line."""
    every: Sequence[str] = list(names)
    rest = len(every) - most
    return ", ".join(every if rest <= 0 else [*every[:most], f"... and {rest} more"])
