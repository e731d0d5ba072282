"""Paired differences over seeds: their mean, its confidence interval, and p-values corrected for their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean paired difference. low, high: its 95 % confidence interval; p: of the two-sided paired t-test.

    pairs: how many there are; with fewer than two of them there is no interval and no p.
    """

    mean: float
    pairs: int
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def clear(self) -> bool | None:
        """Whether the interval leaves out 0; None without one."""
        return None if self.low is None or self.high is None else not self.low <= 0 <= self.high


def paired_difference(own: Mapping[int, float], base: Mapping[int, float]) -> Difference | None:
    """The mean of own - base over the seeds that both have, by Student's paired t. None where no seed is common."""
    seeds = sorted(own.keys() & base.keys())
    differences = [own[seed] - base[seed] for seed in seeds]
    if not differences:
        return None
    mean, count = fmean(differences), len(differences)
    if count < 2:
        return Difference(mean, count)
    error = stdev(differences) / sqrt(count)
    if error == 0:
        return Difference(mean, count, mean, mean, 1.0 if mean == 0 else 0.0)
    from scipy.stats import t  # half a second, for those who have replicates

    margin = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error
    return Difference(mean, count, mean - margin, mean + margin, float(2 * t.sf(abs(mean) / error, count - 1)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values corrected for how many there are (Holm 1979), in the same order; None stays None."""
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[index] = largest
    return corrected
