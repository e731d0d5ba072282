"""`SearchSpace`: a template, what to aim at, what to keep within, and the configs to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nas.space.config import Config
from nas.space.mistakes import SpaceError
from nas.space.objectives import METRICS as METRICS
from nas.space.objectives import Constraint as Constraint
from nas.space.objectives import Objective as Objective
from nas.space.objectives import PlainObjective as PlainObjective
from nas.space.validation import space_mistakes


@dataclass(frozen=True)
class SearchSpace:
    """All that a study searches, and what it compares with.

    name: the study's name, unless `--name` gives another.
    template: a config with holes. references and baselines: configs without holes, by name; baselines lie inside the
    space and are tried first, references lie outside it and are run last.
    objective: a plain Python objective in place of training; `epochs` is then its budget.
    published: figures that others published, by the name of the baseline or reference that they belong to.
    sampler: what draws configs unless --sampler says otherwise. `ablation` changes one value of the first baseline at a
    time.
    balanced: path of a choice whose options are all drawn equally often, so that each is tuned as well as the others.

    Raises:
        SpaceError: every mistake in it, each with its path.
    """

    name: str
    template: Config
    objectives: tuple[Objective, ...] = (Objective("val_accuracy", "maximize"),)
    constraints: tuple[Constraint, ...] = ()
    baselines: Mapping[str, Config] = field(default_factory=dict)
    references: Mapping[str, Config] = field(default_factory=dict)
    objective: PlainObjective | None = None
    epochs: int | None = None
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sampler: str = "tpe"
    balanced: str | None = None

    def __post_init__(self) -> None:
        mistakes = list(space_mistakes(self))
        if mistakes:
            raise SpaceError(mistakes)

    def epochs_of(self, config: Config) -> int:
        """How many epochs a config is given."""
        return int(getattr(config, "epochs", None) or self.epochs or 1)
