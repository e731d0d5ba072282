"""What runs in a Ray worker. Kept apart from the driver's side, so that a worker loads neither Optuna nor MLflow, and
the driver does not load torch.
"""

from typing import Any

from ray import tune

from nas.job import TrialJob
from nas.records import EpochMetrics


class Parcel:
    """Carries a job through Tune's config unopened: Tune flattens, copies and prints what it can look into."""

    def __init__(self, job: TrialJob) -> None:
        self.job = job

    def __repr__(self) -> str:
        return f"{self.job.study}-{self.job.number}"

    def __deepcopy__(self, memo: object) -> "Parcel":
        return self


def train(config: dict[str, Any]) -> None:
    """Run the job in `config`: an epoch a report, the outcome as the last one.

    Every report waits for the driver, which ends the trial there if it wants it stopped.
    """
    from nas.search.executors.attempt import attempt

    def report(point: EpochMetrics) -> bool:
        tune.report({"point": point})
        return True

    tune.report({"outcome": attempt(config["job"].job, report)})
