"""Medians with their spread, printed in one way."""

import statistics
import sys
from collections.abc import Mapping, Sequence


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(title: str, rows: Mapping[str, Sequence[float]], unit: str) -> None:
    """Print a row a name: median (min to max)."""
    sys.stdout.write(f"{title}\n")
    for name, values in rows.items():
        found = summary(values)
        sys.stdout.write(f"  {name:<40} {found['median']:8.2f} {unit}  ({found['min']:.2f} to {found['max']:.2f})\n")
