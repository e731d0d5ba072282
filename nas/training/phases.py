"""A training's parts: the stretches of epochs in which optimizer, schedule and trained layers stay the same."""

from dataclasses import dataclass, replace
from typing import Protocol, cast

from torch import nn

from nas.config import Optimizer, Phase, Schedule, TrialConfig, Unfreeze


@dataclass(frozen=True)
class Part:
    """begins: epochs before this part. ends: epochs before the next one. unfreeze: None for the model's own."""

    begins: int
    ends: int
    optimizer: Optimizer
    schedule: Schedule
    unfreeze: Unfreeze | None = None

    @property
    def epochs(self) -> int:
        """How many epochs it has."""
        return self.ends - self.begins


def parts_of(config: TrialConfig) -> tuple[Part, ...]:
    """The parts of a training, in order; a training without phases is one part.

    A phase with any field set is a new part, even if that field says what held before. It begins after
    `begins` x `epochs` epochs, rounded: after one at the earliest, before the last at the latest. Of phases that
    would begin together, the later is laid over the earlier.
    """
    parts = [Part(0, config.epochs, config.optimizer, config.schedule)]
    for phase in config.phases:
        if (phase.unfreeze, phase.optimizer, phase.schedule) == (None, None, None):
            continue
        begins = min(max(round(phase.begins * config.epochs), 1), config.epochs - 1)
        before = parts.pop()
        if before.begins < begins:
            parts.append(replace(before, ends=begins))
        parts.append(_changed(replace(before, begins=begins), phase))
    return tuple(parts)


def _changed(part: Part, phase: Phase) -> Part:
    return replace(
        part,
        unfreeze=phase.unfreeze or part.unfreeze,
        optimizer=phase.optimizer or part.optimizer,
        schedule=phase.schedule or part.schedule,
    )


class _Freezable(Protocol):
    def set_trained(self, unfreeze: Unfreeze) -> None: ...


def set_trained(model: nn.Module, unfreeze: Unfreeze) -> None:
    """Train these layers of a backbone (only a `Backbone` may be given any) and its head, and freeze all others."""
    cast(_Freezable, model).set_trained(unfreeze)
