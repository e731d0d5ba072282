"""Mistakes in a space file or config: each with its place, gathered so that several are told at once."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_LISTED = 20
_LONGEST = 300


@dataclass(frozen=True)
class Mistake:
    """One mistake: `where` is a path (`template.model.convnet.filters`), `what` names the value, `todo` the mend."""

    where: str
    what: str
    todo: str = ""

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" + (f"; {self.todo}" if self.todo else "")
        return " ".join(line.splitlines())

    def under(self, prefix: str) -> "Mistake":
        """The same mistake seen from a level above."""
        return Mistake(join(prefix, self.where), self.what, self.todo)


class SpaceError(ValueError):
    """One or several mistakes in a config, a space or a space file. `str()` gives a line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))

    def __reduce__(self) -> tuple[type["SpaceError"], tuple[tuple[Mistake, ...]]]:
        return type(self), (self.mistakes,)


class BrokenCode(SpaceError):
    """Code of the space file itself fails: a network's `build`, a constraint's function. No draw is to blame."""


_gathered: ContextVar[list[Mistake] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathering() -> Iterator[list[Mistake]]:
    """While a space file is read, mistakes in its configs are put off, so that all are told together.

    The list holds every mistake put off, each by the name of its config class; a `SearchSpace` finds them again
    by their path.
    """
    gathered: list[Mistake] = []
    token = _gathered.set(gathered)
    try:
        yield gathered
    finally:
        _gathered.reset(token)


def put_off(mistakes: Iterable[Mistake]) -> bool:
    """Note the mistakes for later if a space file is being read. Returns whether they were noted."""
    gathered = _gathered.get()
    if gathered is None:
        return False
    gathered.extend(mistakes)
    return True


def in_a_line(error: BaseException) -> str:
    """An exception of somebody else's code: its type and message, cut where it is long."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # its own `__str__` may fail
        text = ""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def join(*parts: str) -> str:
    """Join the non-empty parts of a path by dots."""
    return ".".join(part for part in parts if part)


def near(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known ones, or all of them. Returns text without a full stop."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    likeness = [difflib.SequenceMatcher(None, found, name).ratio() for found in close]
    close = [found for found, ratio in zip(close, likeness, strict=True) if ratio >= likeness[0] - 0.2]
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "known are " + ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "") if names else ""
