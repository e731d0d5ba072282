"""What runs in a Ray worker. Kept apart from the driver's side, so that a worker loads neither Optuna nor MLflow, and
the driver does not load torch.
"""

import logging
from typing import Any, Self

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


class WarningsHeard(logging.Handler):
    """Gathers the warnings that nas logs here: nobody sees a worker's own log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        logging.getLogger("nas").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("nas").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())

    def take(self) -> list[str]:
        """The lines since the last call."""
        lines, self.lines = self.lines, []
        return lines


def train(config: dict[str, Any]) -> None:
    """Run the job in `config`: an epoch a report, the outcome as the last one, with what was logged in between.

    Every report waits for the driver, which ends the trial there if it wants it stopped.
    """
    from nas.search.executors.attempt import attempt
    from nas.search.executors.last_words import last_words

    job: TrialJob = config["job"].job
    with WarningsHeard() as heard:
        with last_words(job) as timer:

            def report(point: EpochMetrics) -> bool:
                with timer.stopped():
                    tune.report({"point": point, "warnings": heard.take()})
                return True

            outcome = attempt(job, report)
        tune.report({"outcome": outcome, "warnings": heard.take()})
