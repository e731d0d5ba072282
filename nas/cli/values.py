"""Types of arguments that say in one line what is wrong with a value and what would do."""

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import click

from nas.space.mistakes import near

_UNITS = {"h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?:in)?)?(?:(?P<s>\d+(?:\.\d+)?)s?)?")


class Whole(click.ParamType[int]):
    """A whole number of at least `least`."""

    name = "N"

    def __init__(self, least: int = 1) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number; give {self.least} or more", param, ctx)
        if number < self.least:
            self.fail(f"{number} is too low; give {self.least} or more", param, ctx)
        return number


class Share(click.ParamType[float | Literal["auto"]]):
    """A finite number of at least 0, parts of a card or several; or `auto`."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Literal["auto"]:
        """The number, or the word."""
        if value == "auto":
            return "auto"
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            self.fail(f"{value!r} is not a number of at least 0; give 0, 0.25, 1, 2 or auto", param, ctx)
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
            self.fail(f"{value!r} is not a time above 0; write 90s, 30m, 2h or 1h30m", param, ctx)
        return seconds


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
            self.fail(f"unknown {self.kind} {value!r}; {near(value, self.names)}", param, ctx)
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
        found = re.fullmatch(r"(\d+)x(\d+)x(\d+)", value.strip().lower())
        sides = tuple(map(int, found.groups())) if found else ()
        if len(sides) != 3 or min(sides) < 1:
            self.fail(f"{value!r} is not a shape of images; write channels x height x width as 3x128x128", param, ctx)
        return sides


__all__ = ["Duration", "ImageShape", "OneOf", "Share", "Whole"]
