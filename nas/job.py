"""`TrialJob`: all that a worker needs to run one trial. Light, so that the driver need not load torch."""

from dataclasses import dataclass
from pathlib import Path

from nas.records import DataPlace
from nas.space.config import Config
from nas.space.search_space import PlainObjective

FINDINGS = "findings"
"""The folder beside a trial's weights that holds pictures and tables for people."""

WEIGHTS = ("weights.safetensors", "weights.pt")
"""The file of a trained network's weights: its name, and the one that it bore before."""

FEATURES = "features"
"""The folder inside the cache that holds what frozen layers make of images."""


@dataclass(frozen=True)
class TrialJob:
    """What to train, where and with what.

    study, number: whose trial it is. config: a `TrialConfig`, or with an `objective` any config. epochs: how long to
    train at most; counts instead of the config's own. folder: for this trial's checkpoints. weights: for the network
    that comes out, with what was found of it in `findings`. objective: a Python objective in place of training.
    threads: of the processor. gpu: train on it. timeout: seconds that an attempt may take on a worker, None: any time.
    digest: what the data's must be; None: any.
    """

    study: str
    number: int
    config: Config
    epochs: int
    folder: Path
    weights: Path
    place: DataPlace
    objective: PlainObjective | None = None
    threads: int = 1
    gpu: bool = False
    timeout: float | None = None
    digest: str | None = None

    @property
    def fault(self) -> Path:
        """The file in which a dying process leaves its last words."""
        return self.folder / "fault.txt"


def kept_weights(folder: Path) -> Path | None:
    """The file of a trained network's weights in its trial's folder; None where they are not kept."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
