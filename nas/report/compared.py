"""The options of one choice compared: which did better on how many trials, and what may be the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Literal

from nas.records import Verdict
from nas.report.effects import by_seed, direction_of, figure, known_metric
from nas.report.paired import Difference, paired_difference
from nas.report.row import STD
from nas.report.telling import Telling
from nas.search.ledger import Ledger
from nas.space.mistakes import Mistake, SpaceError, near
from nas.tracking.record import TrialRecord


@dataclass(frozen=True)
class Option:
    """One option. trials: complete, pruned and failed ones, of which `named` are baselines. best: its best complete
    trial, None without one; the figures are that trial's, but for the median.

    gap: training figure - validation figure. behind: paired difference to the best trial of all; None for that itself.
    """

    value: Any
    trials: int
    named: int
    complete: int
    best: TrialRecord | None
    score: float | None
    deviation: float | None
    median: float | None
    params: int | None
    train: float | None = None
    gap: float | None = None
    test: float | None = None
    behind: Difference | None = None


@dataclass(frozen=True)
class Comparison:
    """All options that were tried, the best first. without: trials in which this choice did not come up.

    seen: the figure that `train`, `gap` and `test` of the options are of, such as `accuracy`.
    """

    study: str
    path: str
    metric: str
    seen: str
    direction: Literal["maximize", "minimize"]
    options: tuple[Option, ...]
    telling: Telling
    without: int

    @property
    def equal(self) -> bool:
        """Whether all options had the same number of trials."""
        return len({option.trials for option in self.options}) == 1


def compare_options(ledger: Ledger, path: str, metric: str | None = None) -> Comparison:
    """The options of the hole at a path (or at the only one that ends so), by a metric (else the first objective).

    Raises:
        SpaceError: no trial has that hole, or that metric.
    """
    records = [record for record in ledger.records() if record.verdict is not None]
    chosen, hole = known_metric(ledger, records, metric), _known_path(ledger.name, records, path)
    direction = direction_of(ledger, chosen)
    groups: dict[tuple[type, Any], list[TrialRecord]] = {}
    for record in records:
        if hole in record.params:
            value = record.params[hole]
            groups.setdefault((type(value), value), []).append(record)
    best = {key: _best(group, chosen, direction) for key, group in groups.items()}
    overall = _best([record for record in best.values() if record is not None], chosen, direction)
    seen = _seen(records, chosen)
    options = [
        replace(_option(key[1], group, best[key], chosen), behind=_behind(best[key], overall, chosen))
        for key, group in groups.items()
    ]
    options = [_with_parts(option, seen) for option in options]
    sign = -1 if direction == "maximize" else 1
    options.sort(key=lambda option: (option.score is None, sign * (option.score or 0.0)))
    differing = Telling.of(record.config for record in records).words
    return Comparison(
        study=ledger.name,
        path=hole,
        metric=chosen,
        seen=seen,
        direction=direction,
        options=tuple(options),
        telling=Telling.of_paths(name for name in differing if name != hole),
        without=sum(hole not in record.params for record in records),
    )


def _option(value: Any, group: Sequence[TrialRecord], best: TrialRecord | None, metric: str) -> Option:
    scores = [score for record in group if (score := figure(record, metric)) is not None]
    return Option(
        value=value,
        trials=len(group),
        named=sum(bool(record.baseline) for record in group),
        complete=sum(record.verdict == Verdict.COMPLETE for record in group),
        best=best,
        score=figure(best, metric) if best is not None else None,
        deviation=best.metrics.get(f"{metric}{STD}") if best is not None else None,
        median=median(scores) if scores else None,
        params=best.cost.params if best is not None and best.cost else None,
    )


def _behind(best: TrialRecord | None, overall: TrialRecord | None, metric: str) -> Difference | None:
    if best is None or overall is None or best is overall:
        return None
    return paired_difference(by_seed(best, metric), by_seed(overall, metric))


def _with_parts(option: Option, seen: str) -> Option:
    """The option with the training and test figures of its best trial."""
    if option.best is None:
        return option
    train, val, test = (figure(option.best, f"{part}_{seen}") for part in ("train", "val", "test"))
    return replace(option, train=train, test=test, gap=None if train is None or val is None else train - val)


def _seen(records: Sequence[TrialRecord], metric: str) -> str:
    """The figure whose training and validation values show how far networks have learnt their data by heart: the metric
    itself, where it is one of validation; of an aim such as parameters the accuracy, or R2.
    """
    if metric.startswith("val_"):
        return metric.removeprefix("val_")
    return "accuracy" if any("val_accuracy" in record.metrics for record in records) else "r2"


def _best(group: Sequence[TrialRecord], metric: str, direction: str) -> TrialRecord | None:
    known = [(score, record) for record in group if (score := figure(record, metric)) is not None]
    if not known:
        return None
    sign = -1 if direction == "maximize" else 1
    return min(known, key=lambda pair: (sign * pair[0], pair[1].number))[1]


def _known_path(study: str, records: Sequence[TrialRecord], path: str) -> str:
    known = list(dict.fromkeys(name for record in records for name in record.params))
    if path in known:
        return path
    ending = [name for name in known if name.endswith(f".{path}")]
    if len(ending) == 1:
        return ending[0]
    if not known:
        raise SpaceError([Mistake("--by", f"{study} has no trial with a hole yet", "search it first")])
    raise SpaceError([Mistake("--by", f"no trial of {study} has a hole {path!r}", near(path, ending or known))])
