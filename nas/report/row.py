"""`Row`: one trial as the leaderboard shows it, read from the ledger."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from statistics import fmean
from typing import Any

from nas.records import Verdict
from nas.search.ledger import Ledger
from nas.search.objectives import figures
from nas.tracking.record import TrialRecord

RUNNING = "running"
STD = "_std"
"""The end of the name under which the sample deviation of a figure is kept."""


@dataclass(frozen=True)
class Row:
    """One trial. None stands where there is no figure; figures that are not finite are none.

    number: the trial's number, None for a reference. state: complete, pruned, failed or running; for pruned and running
    trials the accuracies are those of the newest epoch. extra: values of figures that have no field of their own.
    published: figures that others published, by the name of the baseline or reference. on_front: no complete trial is
    better in all objectives (with several of them). replicates: how many there are, None for one. spread: their sample
    deviation by figure.
    """

    number: int | None
    state: str
    cause: str | None
    baseline: tuple[str, ...]
    reference: str | None
    params: int | None
    trainable_params: int | None
    flops: int | None
    val_accuracy: float | None
    test_accuracy: float | None
    train_accuracy: float | None
    accuracy_per_million_params: float | None
    epochs: int | None
    best_epoch: int | None
    seconds: float | None
    mlflow_run_id: str | None
    config: Mapping[str, Any]
    on_front: bool = False
    replicates: int | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, float] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The names it was given in the space file; empty for a config that the sampler drew."""
        return f"{self.reference} (ref)" if self.reference is not None else ", ".join(self.baseline)

    def value(self, column: str) -> Any:
        """The value in a column of the table, by the column's name in CSV and JSON.

        Where a config bears several names, a published figure is the mean over those that have it.
        """
        if column in self.extra:
            return self.extra[column]
        if column.endswith(STD):
            return self.spread.get(column.removesuffix(STD))
        if column.startswith("published_"):
            found = self.published_values(column)
            return fmean(found) if found else None
        return getattr(self, column, None)

    def published_values(self, column: str) -> list[float]:
        """A published figure of each name that has it."""
        return [own[name] for own in self.published.values() for name in own if published_column(name) == column]


ROW_COLUMNS = (
    *(own.name for own in fields(Row) if own.name not in ("config", "spread", "extra", "published")),
    "val_accuracy_std",
)
REGRESSION_COLUMNS = ("val_r2", "val_r2_std", "val_mse", "val_mae", "test_r2", "test_mse", "test_mae", "train_r2")
"""What stands in the place of the accuracies where the networks predict numbers."""
ACCURACY_COLUMNS = (
    "val_accuracy", "val_accuracy_std", "test_accuracy", "train_accuracy", "accuracy_per_million_params",
)  # fmt: skip


def published_column(figure: str) -> str:
    """The column's name of a published figure."""
    return figure if figure.startswith("published_") else f"published_{figure}"


def rows_of(
    ledger: Ledger,
    published: Mapping[str, Mapping[str, float]],
    extra: Collection[str] = (),
    front: Collection[int] = (),
) -> Iterator[Row]:
    """A row for each trial that was started, in order of number. `front` holds the numbers of the Pareto front."""
    trials = {frozen.number: frozen for frozen in ledger.frozen()}
    for record in ledger.records():
        own = trials[record.number].user_attrs
        names = record.baseline if record.reference is None else (record.reference,)
        known = {name: value for name, value in figures(_metrics(record), record.cost).items() if isfinite(value)}
        yield Row(
            number=record.number if record.reference is None else None,
            state=record.verdict.value if record.verdict else RUNNING,
            cause=record.cause,
            baseline=record.baseline,
            reference=record.reference,
            params=record.cost.params if record.cost else None,
            trainable_params=record.cost.trainable_params if record.cost else None,
            flops=record.cost.flops if record.cost else None,
            val_accuracy=known.get("val_accuracy"),
            test_accuracy=known.get("test_accuracy"),
            train_accuracy=known.get("train_accuracy"),
            accuracy_per_million_params=known.get("accuracy_per_million_params"),
            epochs=own.get("epochs", len(record.curve)),
            best_epoch=own.get("best_epoch"),
            seconds=known.get("seconds"),
            mlflow_run_id=ledger.run_id(trials[record.number]),
            config=record.config,
            on_front=record.number in front,
            replicates=replicates_of(record),
            spread={name.removesuffix(STD): value for name, value in known.items() if name.endswith(STD)},
            extra={name: known[name] for name in extra if name in known},
            published={name: published[name] for name in names if name in published},
        )


def replicates_of(record: TrialRecord) -> int | None:
    """How many trainings the trial's figures are means of; None for one."""
    count = record.config.get("replicates", 1)
    return count if isinstance(count, int) and count > 1 else None


def replicate_figures(record: TrialRecord) -> list[dict[str, float]]:
    """The figures of each of several replicates, its `seed` among them; empty for one."""
    found: Any = record.details.get("replicates", [])
    return [dict(own) for own in found]


def _metrics(record: TrialRecord) -> Mapping[str, float]:
    """The final figures; before the end those of the newest epoch. A failed trial has none but its time."""
    if record.metrics:
        return record.metrics
    seconds = {"seconds": sum(point.values.get("seconds", 0.0) for point in record.curve)} if record.curve else {}
    newest = record.curve[-1].values if record.curve and record.verdict != Verdict.FAILED else {}
    return {**newest, **seconds}
