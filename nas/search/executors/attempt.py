"""One attempt at a job, in whatever process: its result, or the true cause of its failure."""

import traceback
from collections.abc import Callable

from nas.job import TrialJob
from nas.records import EpochMetrics, TrialFailure, TrialResult
from nas.training.out_of_memory import is_out_of_memory
from nas.trial import Diverged, run_trial


def attempt(job: TrialJob, report: Callable[[EpochMetrics], bool]) -> TrialResult | TrialFailure:
    """Run the job. An exception becomes a failure with one line of cause; the process goes on."""
    try:
        return run_trial(job, report)
    except Exception as error:
        return TrialFailure(cause_of(error), traceback.format_exc())


def cause_of(error: Exception) -> str:
    """One line for the leaderboard: running out of memory by that name, everything else by type and message."""
    message = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if is_out_of_memory(error):
        return f"out of memory: {message}" if message else "out of memory"
    if isinstance(error, Diverged):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
