"""Medians with their spread, printed and kept in one way."""

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(title: str, rows: Mapping[str, Sequence[float]], unit: str) -> None:
    """Print a row a name: median (min to max). Rows without values are left out, so is an empty title."""
    sys.stdout.write(f"{title}\n" if title else "")
    for name, values in rows.items():
        if values:
            found = summary(values)
            spread = f"({found['min']:.2f} to {found['max']:.2f})"
            sys.stdout.write(f"  {name:<48} {found['median']:8.2f} {unit:<7} {spread}\n")
    sys.stdout.flush()


def tell(line: str) -> None:
    """A line of progress, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def keep(figures: Mapping[str, Any], path: Path | None) -> None:
    """Write figures as JSON, whole or not at all; nothing without a path."""
    if path is not None:
        partial = path.with_suffix(path.suffix + ".partial")
        partial.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
