"""All that changes while a model trains, and must come back after a crash."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from nas.records import EpochMetrics
from nas.training.early_stopping import Stopping
from nas.training.schedules import LearningRate


@dataclass
class Progress:
    """order: the random generator of the order of the images. history: the epochs so far."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: LearningRate
    stopping: Stopping
    order: torch.Generator
    history: list[EpochMetrics] = field(default_factory=list)

    def state_dict(self) -> dict[str, Any]:
        """Tensors (not copied) and plain data from which `load_state_dict` goes on bit for bit."""
        return {
            "epoch": len(self.history),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "stopping": self.stopping.state_dict(),
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self._on_gpu else None,
            "history": [dict(metrics.values) for metrics in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`; sets torch's global random state too."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.stopping.load_state_dict(state["stopping"])
        self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        if self._on_gpu and state["random_cuda"] is not None:
            torch.cuda.set_rng_state(state["random_cuda"])
        self.history = [EpochMetrics(epoch, values) for epoch, values in enumerate(state["history"], start=1)]

    @property
    def _on_gpu(self) -> bool:
        return next(self.model.parameters()).device.type == "cuda"
