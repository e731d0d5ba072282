"""`TrialRecord`: everything that is known of one trial, as the ledger tells it and as tracking shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas.records import Cost, EpochMetrics, Verdict


@dataclass(frozen=True)
class TrialRecord:
    """What is known of one trial now.

    study: name of the study (for a reference too). number: the trial's number in its Optuna study. verdict: None while
    it runs. params: values of the holes by path. config: the config as JSON data. curve: epochs in order.
    metrics: final figures. started, finished: seconds since 1970. folder: of pictures and tables that it left.
    """

    study: str
    number: int
    reference: str | None
    baseline: tuple[str, ...]
    verdict: Verdict | None
    cause: str | None
    params: Mapping[str, Any]
    config: Mapping[str, Any]
    cost: Cost | None
    curve: tuple[EpochMetrics, ...]
    metrics: Mapping[str, float]
    details: Mapping[str, object]
    environment: Mapping[str, str]
    started: float | None
    finished: float | None
    optuna_trial_id: int
    folder: str | None = None

    @property
    def optuna_study(self) -> str:
        """Name of the Optuna study that holds the trial: references have their own."""
        return self.study if self.reference is None else f"{self.study}.references"

    @property
    def uid(self) -> str:
        """The same for one trial for ever: `STUDY/NUMBER`, for a reference `STUDY.references/NUMBER`."""
        return f"{self.optuna_study}/{self.number}"

    @property
    def was_trained(self) -> bool:
        """Whether the trial runs or ran: draws that were never trained are not tracked."""
        return self.verdict is None or self.verdict.counts
