"""The plain records that the parts of nas hand to each other. No behaviour, no heavy imports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Shape = tuple[int, int, int]
"""Channels, height, width of one image."""


class Verdict(StrEnum):
    """How a trial ended. A draw that was never trained is INFEASIBLE or DUPLICATE, and is not counted as a trial."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    INFEASIBLE = "infeasible"
    DUPLICATE = "duplicate"

    @property
    def counts(self) -> bool:
        """Whether the trial counts towards `--trials`."""
        return self in (Verdict.COMPLETE, Verdict.PRUNED, Verdict.FAILED)


@dataclass(frozen=True)
class Cost:
    """What a config costs per image, known before it is trained.

    params: every weight and the batch-norm running statistics (4 numbers per batch-norm channel).
    trainable_params: the numbers that the optimizer updates.
    flops: floating-point operations of one forward pass of one image, 2 x MACs of convolutions and dense layers.
    activation_bytes: bytes of all layer outputs of one image in fp32, what the backward pass must keep.
    """

    params: int
    trainable_params: int
    flops: int
    activation_bytes: int


@dataclass(frozen=True)
class EpochMetrics:
    """One point of a trial's curves. `epoch` counts from 1; `values`: `val_accuracy`, `train_loss`, `seconds`, ..."""

    epoch: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class TrialResult:
    """What a finished trial brought back.

    metrics: the final figures, of the weights that are kept (`val_accuracy`, `test_accuracy`, `macro_f1`, ...).
    epochs: epochs that were trained. best_epoch: the epoch (from 1) whose weights are kept.
    details: JSON data for people: environment, device, confusion matrix, what each replicate reached.
    folder: holds pictures and tables for people; None if there are none.
    """

    metrics: Mapping[str, float]
    epochs: int
    best_epoch: int | None = None
    stopped_early: bool = False
    details: Mapping[str, object] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True)
class TrialFailure:
    """Why a trial failed: one line for the leaderboard, the traceback for the log."""

    cause: str
    traceback: str = ""


@dataclass(frozen=True)
class Unfinished:
    """An attempt that is no verdict: its trial stays RUNNING, and the search has to stop. cause: why, one line."""

    cause: str


@dataclass(frozen=True)
class DataPlace:
    """Where data lies on this machine, and how it is read.

    data_dir: torchvision's data sets. cache: decoded images, safe to delete. skip_bad: pass over up to 1 % of a
    folder's images that cannot be read.
    """

    data_dir: Path
    cache: Path
    skip_bad: bool = False


@dataclass(frozen=True)
class DataInfo:
    """What is known of a data set once it has been read.

    digest: 16 hexadecimal digits over decoded images, labels, class names and given parts (not over places).
    counts: images in `train`, `val` and `test`. warnings: lines for people.
    """

    shape: Shape
    class_names: tuple[str, ...]
    counts: Mapping[str, int]
    digest: str
    warnings: tuple[str, ...] = ()
