"""Which epoch's weights a trial keeps, and when it ends before its last epoch."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from nas.config import EarlyStopping
from nas.training.patience import Patience


class Stopping:
    """Ends a training that no longer improves and keeps its best weights; without a config it does neither.

    best_epoch: the epoch (from 1) of the best weights, None before the first and without a config.
    """

    def __init__(self, config: EarlyStopping | None) -> None:
        self.patience = Patience(config.metric, config.patience) if config else None
        self.best_epoch: int | None = None
        self._weights: dict[str, Tensor] = {}

    @property
    def exhausted(self) -> bool:
        """Whether the training should end."""
        return self.patience is not None and self.patience.exhausted

    def wait_anew(self) -> None:
        """Count from here how long nothing improves; the best so far stays the best."""
        if self.patience:
            self.patience.waited = 0

    def observe(self, epoch: int, values: Mapping[str, float], model: nn.Module) -> None:
        """Take in the metrics of an epoch and, if they are the best, a copy of the weights that gave them."""
        if self.patience and self.patience.observe(values[self.patience.metric]):
            self.best_epoch = epoch
            self._weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def restore_best(self, model: nn.Module) -> None:
        """Give the model the weights of its best epoch."""
        if self.best_epoch is not None:
            model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here, the best weights among it."""
        patience = self.patience.state_dict() if self.patience else None
        return {"patience": patience, "best_epoch": self.best_epoch, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        if self.patience:
            self.patience.load_state_dict(state["patience"])
        self.best_epoch, self._weights = state["best_epoch"], state["weights"]
