"""How long a metric has not improved: what plateau schedules and early stopping share."""

from typing import Any


class Patience:
    """Follows one metric over the epochs. Any gain counts.

    best: the best value so far, None before the first. waited: epochs since then.
    """

    def __init__(self, metric: str, epochs: int) -> None:
        self.metric = metric
        self.epochs = epochs
        self.best: float | None = None
        self.waited = 0

    def observe(self, value: float) -> bool:
        """Take in the value of one more epoch; whether it is the best so far."""
        improved = self.best is None or is_better(self.metric, value, self.best)
        self.best = value if improved else self.best
        self.waited = 0 if improved else self.waited + 1
        return improved

    @property
    def exhausted(self) -> bool:
        """Whether the last `epochs` epochs (at least one) have all brought no gain."""
        return self.waited >= max(self.epochs, 1)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.best, self.waited = state["best"], state["waited"]


def is_better(metric: str, value: float, other: float) -> bool:
    """Whether a value of this metric beats another one: accuracies and R2 shall rise, everything else shall fall."""
    return value > other if metric.endswith(("accuracy", "r2")) else value < other
