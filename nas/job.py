"""`TrialJob`: all that a worker needs to run one trial. Light, so that the driver need not load torch."""

from dataclasses import dataclass
from pathlib import Path

from nas.records import DataPlace
from nas.space.config import Config
from nas.space.search_space import PlainObjective

FINDINGS = "findings"
"""The folder beside a trial's weights that holds pictures and tables for people."""

FEATURES = "features"
"""The folder inside the cache that holds what frozen layers make of images."""


@dataclass(frozen=True)
class TrialJob:
    """What to train, where and with what.

    study, number: whose trial it is. config: a `TrialConfig`, or with an `objective` any config. epochs: how long to
    train at most; counts instead of the config's own. folder: for this trial's checkpoints. weights: for the network
    that comes out, with what was found of it in `findings`. objective: a Python objective in place of training.
    threads: of the processor. gpu: train on it.
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
