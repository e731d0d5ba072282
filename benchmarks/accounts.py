"""Where the time of a run went, from its events."""

from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from benchmarks.processes import Run


@dataclass(frozen=True)
class Account:
    """verdicts: trials that ended complete. wall: seconds from start to exit. slots: trials at the same time.

    per_hour: verdicts an hour of the whole process. warm_per_hour: the same from the verdict with which all slots have
    been used once to the last one; 0 where there are no more trials than slots.
    first_epoch: seconds from the start until the first epoch was reported. ending: from the last verdict to the exit.
    peak_mb: see `Run`.
    not_training: the share of wall x slots in which no training steps ran. warm_not_training: that share in trials
    that start on a warm worker, from the verdict before to their own; evaluating: the part of it that is the
    evaluation of every epoch. control: seconds of such a trial that belong to no epoch: asking, telling, tracking,
    final tests, files.
    """

    verdicts: int
    failed: int
    slots: int
    wall: float
    per_hour: float
    warm_per_hour: float
    first_epoch: float
    ending: float
    peak_mb: float
    not_training: float
    warm_not_training: float
    warm_evaluating: float
    control: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class _Trial:
    """took: from the verdict before it in its slot (of the first ones: from its start) to its own."""

    took: float
    epochs: float
    training: float


def account(run: Run, slots: int, train_images: int) -> Account:
    """Sum up a run of a fixed list in `slots` slots with so many training images an epoch.

    Raises:
        ValueError: nothing was reported.
    """
    ended = [event for event in run.of("ended") if event["state"] == "complete"]
    epochs = run.of("advanced")
    if not ended or not epochs:
        raise ValueError("no trial ended complete; see the log of the run")
    warm = _trials(run, slots, train_images)[slots:]
    taken = sum(trial.took for trial in warm)
    training = sum(_training(epoch, train_images) for epoch in epochs)
    window = ended[-1]["at"] - ended[slots - 1]["at"] if len(ended) > slots else 0.0
    return Account(
        verdicts=len(ended),
        failed=len(run.of("ended")) - len(ended),
        slots=slots,
        wall=run.wall,
        per_hour=3600 * len(ended) / run.wall,
        warm_per_hour=3600 * (len(ended) - slots) / window if window else 0.0,
        first_epoch=epochs[0]["at"],
        ending=run.wall - ended[-1]["at"],
        peak_mb=run.peak_mb,
        not_training=1 - training / (run.wall * slots),
        warm_not_training=1 - sum(trial.training for trial in warm) / taken if warm else 0.0,
        warm_evaluating=sum(trial.epochs - trial.training for trial in warm) / taken if warm else 0.0,
        control=mean(trial.took - trial.epochs for trial in warm) if warm else 0.0,
    )


def _training(epoch: dict[str, Any], train_images: int) -> float:
    """Seconds of the training steps of an epoch."""
    return float(train_images / epoch["images_per_second"])


def _trials(run: Run, slots: int, train_images: int) -> list[_Trial]:
    """In the order of their starts; the n-th verdict makes room for the trial that starts as number slots + n."""
    verdicts = {event["number"]: event["at"] for event in run.of("ended")}
    freed = sorted(verdicts.values())
    found = []
    for place, started in enumerate(run.of("started")):
        number = started["number"]
        since = started["at"] if place < slots else min(freed[place - slots], started["at"])
        own = [epoch for epoch in run.of("advanced") if epoch["number"] == number]
        if number in verdicts:
            epochs = sum(epoch["seconds"] for epoch in own)
            found.append(_Trial(verdicts[number] - since, epochs, sum(_training(each, train_images) for each in own)))
    return found
