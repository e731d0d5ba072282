"""torch's global random generators, from which dropout and the like draw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class GlobalRandom:
    """A state of the global generators of the processor and, for a training on it, of the card. It belongs to one
    training, so that several in turns do not disturb each other. It starts as what the generators are now.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_card = device.type == "cuda"
        self._keep()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """While this lasts, the global generators go on from this state."""
        self.restore()
        yield
        self._keep()

    def restore(self) -> None:
        """Set the global generators to this state."""
        torch.set_rng_state(self._cpu)
        if self._cuda is not None:
            torch.cuda.set_rng_state(self._cuda)

    def _keep(self) -> None:
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state() if self._on_card else None

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {"cpu": self._cpu, "cuda": self._cuda}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`; one from a processor leaves the card's state as it is, and the reverse."""
        self._cpu = state["cpu"]
        if self._on_card and state["cuda"] is not None:
            self._cuda = state["cuda"]
