"""What each single change of a base config is worth: paired differences over seeds, with confidence intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from nas.records import Verdict
from nas.report.leaderboard import usual_direction
from nas.report.paired import Difference, holm, paired_difference
from nas.report.row import STD, replicate_figures
from nas.report.telling import Telling
from nas.search.ledger import Ledger
from nas.search.objectives import figures
from nas.space.ablation import factor_between
from nas.space.mistakes import Mistake, SpaceError, near
from nas.tracking.record import TrialRecord


@dataclass(frozen=True)
class Effect:
    """One change of the base. factor: path of the hole. before, after: its values. holm: p corrected for all changes.

    params: how many parameters more it has than the base; None where they are not known.
    """

    trial: int
    factor: str
    before: Any
    after: Any
    difference: Difference
    params: int | None
    holm: float | None = None


@dataclass(frozen=True)
class Effects:
    """All single changes of one base, the best first.

    value, deviation: of the metric, for the base. without: trials that differ in one hole but have no such figure, with
    their state. names: short names of the factors.
    """

    study: str
    metric: str
    direction: Literal["maximize", "minimize"]
    base: TrialRecord
    value: float
    deviation: float | None
    rows: tuple[Effect, ...]
    without: tuple[tuple[int, str], ...]
    names: Mapping[str, str]

    @property
    def paired(self) -> bool:
        """Whether any difference is over several seeds."""
        return any(row.difference.low is not None for row in self.rows)


def read_effects(ledger: Ledger, metric: str | None = None, base: str | None = None) -> Effects:
    """The effects in a study on a metric (else its first objective), against a baseline (else the first one).

    Raises:
        SpaceError: there is no such baseline, it is not complete, or no trial has that metric.
    """
    records = list(ledger.records())
    chosen, found = known_metric(ledger, records, metric), _base(ledger.name, records, base)
    value = figure(found, chosen)
    if value is None:
        state = found.verdict.value if found.verdict else "running"
        what = f"trial {found.number} is {state} and has no {chosen}"
        raise SpaceError([Mistake(f"baseline {found.baseline[0]}", what, "wait for it, or choose another by --base")])
    rows, without = [], []
    for record in records:
        factor = factor_between(record.params, found.params)
        if factor is None:
            continue
        row = _effect(record, found, factor, chosen)
        if row is None:
            without.append((record.number, record.verdict.value if record.verdict else "running"))
        else:
            rows.append(row)
    direction = direction_of(ledger, chosen)
    sign = -1 if direction == "maximize" else 1
    return Effects(
        study=ledger.name,
        metric=chosen,
        direction=direction,
        base=found,
        value=value,
        deviation=found.metrics.get(f"{chosen}{STD}"),
        rows=tuple(_corrected(sorted(rows, key=lambda row: (sign * row.difference.mean, row.trial)))),
        without=tuple(without),
        names=Telling.of_paths(dict.fromkeys(path for record in records for path in record.params)).words,
    )


def figure(record: TrialRecord, metric: str) -> float | None:
    """A figure of a complete trial, the mean over its replicates; None where it has none."""
    value = figures(record.metrics, record.cost).get(metric) if record.verdict == Verdict.COMPLETE else None
    return value if value is not None and isfinite(value) else None


def by_seed(record: TrialRecord, metric: str) -> dict[int, float]:
    """A figure of each replicate by its seed."""
    replicates = replicate_figures(record)
    if not replicates:
        value = figure(record, metric)
        return {} if value is None else {int(record.config.get("seed", 0)): value}
    found = {int(own["seed"]): figures(own, record.cost).get(metric) for own in replicates}
    return {seed: value for seed, value in found.items() if value is not None and isfinite(value)}


def known_metric(ledger: Ledger, records: Iterable[TrialRecord], metric: str | None) -> str:
    """The metric asked for, else the first objective.

    Raises:
        SpaceError: no complete trial has it; near names are told.
    """
    chosen = metric or ledger.objectives[0].metric
    complete = [record for record in records if record.verdict == Verdict.COMPLETE]
    if metric is not None and complete:
        known = dict.fromkeys(name for record in complete for name in figures(record.metrics, record.cost))
        known = {name: None for name in known if not name.endswith(STD)}
        if metric not in known:
            hint = near(metric, known)
            raise SpaceError([Mistake("--metric", f"no trial of {ledger.name} has a figure {metric!r}", hint)])
    return chosen


def direction_of(ledger: Ledger, metric: str) -> Literal["maximize", "minimize"]:
    """Which way the metric is better: as the study aims, else by its name."""
    aims = {objective.metric: objective.direction for objective in ledger.objectives}
    return aims.get(metric, usual_direction(metric))


def _base(study: str, records: Sequence[TrialRecord], name: str | None) -> TrialRecord:
    named = [record for record in records if record.baseline]
    if not named:
        todo = 'give the space baselines={"base": ...}, or compare options by --by PATH'
        raise SpaceError([Mistake(f"study {study}", "has no baseline to compare with", todo)])
    if name is None:
        return named[0]
    for record in named:
        if name in record.baseline:
            return record
    hint = near(name, [own for record in named for own in record.baseline])
    raise SpaceError([Mistake("--base", f"{study} has no baseline {name!r}", hint)])


def _effect(record: TrialRecord, base: TrialRecord, factor: str, metric: str) -> Effect | None:
    if figure(record, metric) is None:
        return None
    difference = paired_difference(by_seed(record, metric), by_seed(base, metric))
    if difference is None:
        return None
    params = record.cost.params - base.cost.params if record.cost and base.cost else None
    return Effect(record.number, factor, base.params[factor], record.params[factor], difference, params)


def _corrected(rows: Sequence[Effect]) -> list[Effect]:
    corrected = holm([row.difference.p for row in rows])
    return [
        Effect(row.trial, row.factor, row.before, row.after, row.difference, row.params, p)
        for row, p in zip(rows, corrected, strict=True)
    ]
