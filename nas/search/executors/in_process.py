"""Trials one after the other in this process: for tests, for debugging, and for plain objectives that take no time."""

from nas.job import TrialJob
from nas.records import EpochMetrics, TrialFailure, TrialResult, Unfinished
from nas.search.executors.attempt import attempt
from nas.search.queue import TrialQueue


class InProcessExecutor:
    """Runs each job here. Needs no Ray."""

    def run(self, queue: TrialQueue) -> None:
        """Work until the queue has no more jobs.

        Raises:
            Exception: whatever the queue raised: that is no failure of the trial that called it.
        """
        raised: list[Exception] = []
        while isinstance(job := queue.take(), TrialJob):
            key = (job.study, job.number)

            def report(point: EpochMetrics, key: tuple[str, int] = key) -> bool:
                try:
                    return queue.report(key, point)
                except Exception as error:
                    raised.append(error)
                    raise

            outcome: TrialResult | TrialFailure | Unfinished
            try:
                outcome = attempt(job, report)
            except SystemExit:
                outcome = TrialFailure("ended without a result: something in it called exit")
            if raised:
                raise raised[0]
            queue.finish(key, outcome)
