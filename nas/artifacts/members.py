"""Finding the best networks that studies have kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.job import kept_weights
from nas.records import Verdict
from nas.search.layout import Layout
from nas.search.ledger import Ledger


class EnsembleError(ValueError):
    """These networks cannot be put together: one line that says why and what to do."""


@dataclass(frozen=True)
class Member:
    """A trained network on disk. name: `STUDY trial 12`, with the names of its baseline or reference."""

    name: str
    folder: Path
    config: dict[str, Any]
    metrics: dict[str, float]


def best_members(studies: Sequence[tuple[Ledger, Ledger | None]], layout: Layout, top: int) -> list[Member]:
    """The `top` best networks over all studies whose weights are kept, the best first: by `val_accuracy`, for
    regression by `val_r2`. The same config counts once.

    Raises:
        EnsembleError: fewer than two are kept, or the studies measure different things.
    """
    found = [member for ledgers in studies for ledger in ledgers if ledger for member in _kept(ledger, layout)]
    metrics = {_metric(member) for member in found}
    if len(metrics) > 1:
        raise EnsembleError("ensemble: classification and regression cannot be put together; name studies of one kind")
    by_value = sorted(found, key=lambda member: member.metrics[_metric(member)], reverse=True)
    best: list[Member] = []
    for member in by_value:
        if all(member.config != other.config for other in best):
            best.append(member)
    if len(best) < 2:
        names = ", ".join(ledgers[0].name for ledgers in studies)
        kept = "no network is" if not best else "only 1 network is"
        raise EnsembleError(f"ensemble: {names}: {kept} kept, and at least 2 are needed; search with --keep all")
    return best[:top]


def _kept(ledger: Ledger, layout: Layout) -> Iterator[Member]:
    for record in ledger.records():
        folder = layout.weights(ledger.name, record.number)
        if record.verdict == Verdict.COMPLETE and kept_weights(folder) and _metric_in(record.metrics):
            names = record.reference or ", ".join(record.baseline)
            name = f"{record.study} {names or f'trial {record.number}'}"
            yield Member(name, folder, dict(record.config), dict(record.metrics))


def _metric(member: Member) -> str:
    return _metric_in(member.metrics)


def _metric_in(metrics: Any) -> str:
    """What a network is chosen by; empty for trials of an objective of one's own."""
    return next((name for name in ("val_accuracy", "val_r2") if name in metrics), "")
