"""The training loop: one training, or several replicates of it in lockstep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nas.records import EpochMetrics
from nas.training.checkpoint import CheckpointFolder
from nas.training.replicates import mean_epoch
from nas.training.training import Training

Report = Callable[[EpochMetrics], bool]
"""Called after each epoch with its metrics; whether to go on."""


@dataclass(frozen=True)
class Fitted:
    """history: what was reported. stopped_early: `report` ended the training; the weights are then of the last epoch,
    else those that are kept.
    """

    history: tuple[EpochMetrics, ...]
    stopped_early: bool


def fit(trainings: Sequence[Training], report: Report, checkpoints: CheckpointFolder) -> Fitted:
    """Train all replicates epoch by epoch from their newest checkpoint, else from their first epoch.

    Every epoch is reported once, in order, those of the checkpoint first: the mean over the replicates. One that has
    ended (see `EarlyStopping`) counts with the epoch that it keeps.

    Raises:
        Diverged: a loss became infinite or not a number.
    """
    if (state := checkpoints.newest()) is not None:
        for training, its_state in zip(trainings, state["replicates"], strict=True):
            training.load_state_dict(its_state)

    history: list[EpochMetrics] = []
    for epoch in range(1, max(len(training.history) for training in trainings) + 1):
        history.append(mean_epoch(trainings, epoch))
        if not report(history[-1]):
            return Fitted(tuple(history), stopped_early=True)

    while going_on := [training for training in trainings if not training.ended]:
        for training in going_on:
            training.advance()
        history.append(mean_epoch(trainings, len(history) + 1))
        if checkpoints.due():
            replicates = [training.state_dict() for training in trainings]
            checkpoints.save({"epoch": len(history), "replicates": replicates})
        if not report(history[-1]):
            return Fitted(tuple(history), stopped_early=True)

    for training in trainings:
        training.restore_best()
    return Fitted(tuple(history), stopped_early=False)
