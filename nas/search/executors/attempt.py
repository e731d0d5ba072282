"""One attempt at a job, in whatever process: its result, the true cause of its failure, or why it is neither."""

import traceback
from collections.abc import Callable

from nas.disk import full_disk_line, is_disk_full
from nas.job import TrialJob
from nas.records import EpochMetrics, TrialFailure, TrialResult, Unfinished
from nas.training.out_of_memory import is_out_of_memory
from nas.trial import Diverged, run_trial


def attempt(job: TrialJob, report: Callable[[EpochMetrics], bool]) -> TrialResult | TrialFailure | Unfinished:
    """Run the job. An exception becomes a failure with one line of cause; the process goes on.

    A full disk is no trial's fault: it leaves the trial unfinished.
    """
    try:
        return run_trial(job, report)
    except Exception as error:
        if is_disk_full(error):
            return Unfinished(full_disk_line(error, job.folder))
        return TrialFailure(cause_of(error), traceback.format_exc())


def cause_of(error: Exception) -> str:
    """One line for the leaderboard: running out of memory by that name, everything else by type and message."""
    message = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if is_out_of_memory(error):
        return f"out of memory: {message}" if message else "out of memory"
    if isinstance(error, Diverged):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
