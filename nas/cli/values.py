"""Types of arguments that say in one line what is wrong with a value and what would do."""

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import click

from nas.cli.errors import LONGEST_SHOWN, shown
from nas.search.executors.address import parse_address
from nas.space.mistakes import near

_UNITS = {"h": 3600, "m": 60, "s": 1}
_PARTS = (r"(?P<h>\d+(?:\.\d+)?)h", r"(?P<m>\d+(?:\.\d+)?)m(?:in)?", r"(?P<s>\d+(?:\.\d+)?)s?")
_DURATION = re.compile("".join(f"(?:{part})?" for part in _PARTS), re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SIDES = re.compile(r"(\d{1,9})x(\d{1,9})x(\d{1,9})", re.ASCII)
MOST = 1_000_000_000
"""No count that anybody means is larger."""
MOST_EPOCHS, MOST_SEED = 100_000, 2**31 - 1
"""As a `TrialConfig` takes them."""
MOST_CHANNELS, MOST_PIXELS = 4096, 65_536


class Whole(click.ParamType[int]):
    """A whole number from `least` to `most`, in decimal digits alone."""

    name = "N"

    def __init__(self, least: int = 1, most: int = MOST) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, int):
            return value
        if not _WHOLE.fullmatch(value):
            self.fail(f"{shown(value)} is not a whole number; give {self.least} or more", param, ctx)
        digits = value.lstrip("+-").lstrip("0") or "0"
        number = int(digits[:20]) * (-1 if value.startswith("-") else 1)  # more digits are too high in any case
        if number < self.least:
            self.fail(f"{shown(number)} is too low; give {self.least} or more", param, ctx)
        if number > self.most:
            self.fail(f"{_abridged(digits)} is too high; give at most {self.most}", param, ctx)
        return number


class Share(click.ParamType[float | Literal["auto"]]):
    """A finite number of at least 0, parts of a card or several; or `auto`."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Literal["auto"]:
        """The number, or the word."""
        if value == "auto":
            return "auto"
        number = float(value) if isinstance(value, float) or _NUMBER.fullmatch(value) else math.nan
        if not 0 <= number < math.inf:
            self.fail(f"{shown(value)} is not a number of at least 0; give 0, 0.25, 1, 2 or auto", param, ctx)
        return number


class Duration(click.ParamType[float]):
    """A time above 0, in seconds: `90s`, `30m`, `2h`, `1h30m`, `45`."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The time in seconds."""
        if isinstance(value, float):
            return value
        found = _DURATION.fullmatch(value.strip().lower().replace(" ", ""))
        seconds = sum(float(found[unit] or 0) * size for unit, size in _UNITS.items()) if found else 0.0
        if not 0 < seconds < math.inf:
            self.fail(f"{shown(value)} is not a time above 0; write 90s, 30m, 2h or 1h30m", param, ctx)
        return seconds


class HostPort(click.ParamType[str]):
    """Where a server is: `head:6379`, `10.0.0.1:6379` or `[::1]:6379`."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is."""
        if parse_address(value) is None:
            self.fail(f"{shown(value)} is not HOST:PORT; write it as head:6379", param, ctx)
        return str(value)


class OneOf(click.ParamType[str]):
    """One of several names; a misspelt one is answered with the nearest."""

    def __init__(self, kind: str, names: Sequence[str]) -> None:
        self.name = self.kind = kind
        self.names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names, for the help."""
        return "|".join(self.names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        if value not in self.names:
            self.fail(f"unknown {self.kind} {shown(value)}; {near(value[:LONGEST_SHOWN], self.names)}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self.names if name.startswith(incomplete)]


class ImageShape(click.ParamType[tuple[int, int, int]]):
    """Channels x height x width: `3x128x128`."""

    name = "CxHxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        """The three numbers."""
        if isinstance(value, tuple):
            return value
        found = _SIDES.fullmatch(value.strip().lower())
        sides = tuple(map(int, found.groups())) if found else ()
        if len(sides) != 3 or min(sides) < 1:
            what = f"{shown(value)} is not a shape of images"
            self.fail(f"{what}; write channels x height x width as 3x128x128", param, ctx)
        if sides[0] > MOST_CHANNELS or max(sides[1:]) > MOST_PIXELS:
            what = f"{shown(value)} is too large for an image"
            self.fail(f"{what}; give at most {MOST_CHANNELS} channels and {MOST_PIXELS} pixels a side", param, ctx)
        return sides


def _abridged(digits: str) -> str:
    return digits if len(digits) <= 20 else f"{digits[:20]}... ({len(digits)} digits)"


__all__ = ["Duration", "HostPort", "ImageShape", "OneOf", "Share", "Whole"]
