"""`SearchSpace`: a template, what to aim at, what to keep within, and the configs to compare with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nas.records import Cost
from nas.space.algebra import encode, holes
from nas.space.config import Config, has_hole
from nas.space.holes import Choice
from nas.space.mistakes import Mistake, SpaceError, join, near
from nas.space.overlap import overlap

METRICS = (
    "val_accuracy", "val_loss", "train_accuracy", "train_loss", "accuracy_per_million_params",
    "params", "trainable_params", "flops", "activation_bytes", "seconds",
)  # fmt: skip
"""What an objective of a trained network may aim at. Test figures are not among them: they never steer anything."""

PlainObjective = Callable[[Any, int], Iterator[Mapping[str, float]]]
"""A Python objective in place of training: called with config and budget, yields metrics after each epoch."""


@dataclass(frozen=True)
class Objective:
    """One metric to aim at."""

    metric: str
    direction: Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Constraint:
    """What a config must keep within, decided before training. `excess` is positive where it is broken."""

    name: str
    excess: Callable[[Any, Cost], float]


def maximize(metric: str) -> Objective:
    """An objective: the larger, the better."""
    return Objective(metric, "maximize")


def minimize(metric: str) -> Objective:
    """An objective: the smaller, the better."""
    return Objective(metric, "minimize")


def max_params(limit: int) -> Constraint:
    """At most so many parameters, batch-norm statistics included."""
    return Constraint(f"params <= {limit:,}", lambda config, cost: (cost.params - limit) / limit)


def max_flops(limit: int) -> Constraint:
    """At most so many floating-point operations an image (forward pass, 2 x MACs)."""
    return Constraint(f"flops <= {limit:,}", lambda config, cost: (cost.flops - limit) / limit)


def constraint(name: str, excess: Callable[[Any, Cost], float]) -> Constraint:
    """A constraint of your own: `excess(config, cost)` is positive by as much as the limit is passed."""
    return Constraint(name, excess)


@dataclass(frozen=True)
class SearchSpace:
    """All that a study searches, and what it compares with.

    name: the study's name, unless `--name` gives another.
    template: a config with holes. references and baselines: configs without holes, by name; baselines lie inside the
    space and are tried first, references lie outside it and are run last.
    objective: a plain Python objective in place of training; `epochs` is then its budget.
    published: figures that others published, by the name of the baseline or reference that they belong to.

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

    def __post_init__(self) -> None:
        mistakes = list(_mistakes(self))
        if mistakes:
            raise SpaceError(mistakes)

    def epochs_of(self, config: Config) -> int:
        """How many epochs a config is given."""
        return int(getattr(config, "epochs", None) or self.epochs or 1)


def _mistakes(space: SearchSpace) -> Iterator[Mistake]:
    yield from _name_mistakes(space.name)
    if not isinstance(space.template, Config):
        yield Mistake("template", f"must be a config such as TrialConfig(...), got {space.template!r}")
        return
    yield from _config_mistakes(space.template, "template")
    yield from _choice_mistakes(space.template)
    yield from _objective_mistakes(space)
    for index, limit in enumerate(space.constraints):
        if not isinstance(limit, Constraint):
            yield Mistake(f"constraints.{index}", f"must be a constraint, got {limit!r}", "use max_params or constraint")
    for group in ("baselines", "references"):
        for name, config in getattr(space, group).items():
            yield from _named_mistakes(space, config, f"{group}.{name}")
    for name in space.published:
        if name not in space.baselines and name not in space.references:
            known = [*space.baselines, *space.references]
            yield Mistake(f"published.{name}", "belongs to no baseline or reference", near(name, known))


def _name_mistakes(name: object) -> Iterator[Mistake]:
    if not isinstance(name, str) or not name.strip():
        yield Mistake("name", f"must be a text that names the study, got {name!r}")
    elif "/" in name or "\\" in name or name.startswith(".") or not name.isprintable() or len(name) > 250:
        yield Mistake("name", f"{name[:60]!r} cannot name a study", "no slashes, no leading dot, at most 250 characters")
    elif name.endswith(".references"):
        yield Mistake("name", f"{name!r} ends in '.references', which nas keeps for itself", "use another name")


def _config_mistakes(value: Any, path: str) -> Iterator[Mistake]:
    """Mistakes that were put off while the space file was read."""
    if isinstance(value, Config):
        inside = join(path, getattr(value, "kind", ""))
        for mistake in value._mistakes:
            yield mistake.under(inside)
        for name, part in value.fields():
            yield from _config_mistakes(part, join(inside, name))
    elif isinstance(value, Choice):
        for option, label in zip(value.options, value.labels, strict=False):
            if isinstance(option, Config):
                for mistake in _config_mistakes(option, ""):
                    shown = mistake.where.removeprefix(f"{getattr(option, 'kind', '')}.")
                    yield Mistake(join(path, str(label), shown), mistake.what, mistake.todo)
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from _config_mistakes(part, f"{path}.{index}")
    elif hasattr(value, "item"):
        yield from _config_mistakes(value.item, f"{path}.0")


def _choice_mistakes(template: Config) -> Iterator[Mistake]:
    if any(True for _ in _config_mistakes(template, "")):
        return
    for path, hole in holes(template):
        if not isinstance(hole, Choice):
            continue
        for index, option in enumerate(hole.options):
            for other in range(index):
                if overlap(option, hole.options[other]):
                    both = f"{hole.labels[other]} and {hole.labels[index]}"
                    yield Mistake(f"template.{path}", f"the options {both} overlap", "keep their values apart")


def _objective_mistakes(space: SearchSpace) -> Iterator[Mistake]:
    if not space.objectives:
        yield Mistake("objectives", "is empty", 'give at least one, such as maximize("val_accuracy")')
    seen = set()
    for index, objective in enumerate(space.objectives):
        if not isinstance(objective, Objective):
            yield Mistake(f"objectives.{index}", f"must be maximize(...) or minimize(...), got {objective!r}")
            continue
        if space.objective is None and objective.metric not in METRICS:
            hint = near(objective.metric, METRICS)
            if objective.metric.startswith("test_"):
                hint = "test figures never steer a search; use the val_ metric"
            yield Mistake(f"objectives.{index}", f"unknown metric {objective.metric!r}", hint)
        if objective.metric in seen:
            yield Mistake(f"objectives.{index}", f"{objective.metric!r} stands there twice")
        seen.add(objective.metric)


def _named_mistakes(space: SearchSpace, config: Any, path: str) -> Iterator[Mistake]:
    if not isinstance(config, Config):
        yield Mistake(path, f"must be a config, got {config!r}")
        return
    wrong = list(_config_mistakes(config, path))
    if wrong:
        yield from wrong
    elif has_hole(config):
        for name, _ in holes(config):
            yield Mistake(f"{path}.{name}", "has a hole, but a named config must be whole", "give it a value")
    elif path.startswith("baselines.") and not any(True for _ in _config_mistakes(space.template, "")):
        try:
            encode(space.template, config)
        except SpaceError as error:
            yield from (mistake.under(path) for mistake in error.mistakes)
