"""Figures as people read them. None becomes an empty text everywhere."""

import time
from math import floor, isfinite, log10

SHARES = ("accuracy", "precision", "recall", "f1", "r2")
"""Ends of the names of figures that are shares of one."""
NO_TRIAL = "No trial has started yet."
_PREFIXES = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))


def amount(value: float | None) -> str:
    """A count with three significant digits and a prefix: 6256392 is `6.26 M`."""
    if value is None:
        return ""
    for factor, prefix in _PREFIXES:
        if abs(value) >= factor * 0.9995:
            return _three_digits(value / factor) + prefix
    return str(value) if isinstance(value, int) else _three_digits(value)


def share(value: float | None) -> str:
    """An accuracy with four decimals."""
    return "" if value is None else f"{value:.4f}"


def figure(value: float | None) -> str:
    """Any number with four significant digits, whole numbers as they are."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def metric(name: str, value: float | None, deviation: float | None = None) -> str:
    """A value of this figure: accuracies, precision, recall, F1 and R2 with four decimals, others with four digits.

    With the sample deviation of several replicates `0.8925 ± 0.0031`.
    """
    shown = share if name.endswith(SHARES) else figure
    return shown(value) if deviation is None or value is None else f"{shown(value)} ± {shown(deviation)}"


def ratio(value: float | None) -> str:
    """Accuracy per million parameters, three significant digits."""
    return "" if value is None else _three_digits(value)


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units: `4.3 s`, `12m 05s`, `3h 07m`, `2d 04h`."""
    if seconds is None or not isfinite(seconds):
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60:02d}m"
    return f"{minutes // 1440}d {minutes % 1440 // 60:02d}h"


def size(count: float) -> str:
    """Bytes: `512 B`, `1.2 MB`, powers of 1000."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"


def moment(seconds: float | None) -> str:
    """Seconds since 1970 as local date and time, to the minute."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def plural(count: int, one: str, many: str = "") -> str:
    """`1 trial`, `2 trials`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sparkline(values: list[float]) -> str:
    """A curve in a line of text: eight heights from its smallest to its largest value, a gap where it is no number."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return ""
    low, span = min(known) / 2, max(known) / 2 - min(known) / 2  # halved: no difference is too large for a float
    return "".join(
        _HEIGHTS[round((value / 2 - low) / span * 7) if span else 3] if isfinite(value) else " " for value in values
    )


_HEIGHTS = "▁▂▃▄▅▆▇█"


def _three_digits(value: float) -> str:
    """Without an exponent where it stays short: 0.142, 10.1, 387; 0.00012 is 1.2e-04."""
    rounded = abs(float(f"{value:.3g}"))
    if rounded == 0:
        return "0"
    if 1e-3 <= rounded < 1e6:
        return f"{value:,.{max(0, 2 - floor(log10(rounded)))}f}"
    return f"{value:.1e}"
