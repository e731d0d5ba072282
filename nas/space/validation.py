"""Everything that can be wrong with a space, each mistake by its path."""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from nas.space.algebra import encode, holes
from nas.space.checks import has_hole, shown
from nas.space.config import Component, Config
from nas.space.holes import Choice, Repeat, is_plain
from nas.space.mistakes import Mistake, SpaceError, join, near
from nas.space.names import LONGEST_NAME, name_mistakes
from nas.space.objectives import Constraint, Objective
from nas.space.overlap import overlap
from nas.space.tasks import metric_problem, task_mistakes, task_of, usual_metric

if TYPE_CHECKING:
    from nas.space.search_space import SearchSpace

_LISTED = 20
_METRIC = re.compile(r"\w[\w .:/-]{0,99}")
"""What MLflow can store a figure under."""
SAMPLERS = ("tpe", "random", "grid", "ablation", "gp", "nsga2", "cmaes", "qmc")
"""What may draw configs, by name."""
_FIXED = ("epochs", "seed", "replicates")
"""Fields that all trials of a study share, or they could not be compared."""


def space_mistakes(space: "SearchSpace") -> Iterator[Mistake]:
    """Every mistake in the space, those that were put off while its file was read included."""
    yield from name_mistakes(space.name)
    template: Any = space.template
    if not isinstance(template, Config):
        yield Mistake("template", f"must be a config such as TrialConfig(...), got {shown(template)}", "write one")
        return
    of_template = list(_config_mistakes(template, ""))
    wrong = [*(mistake.under("template") for mistake in of_template), *_template_mistakes(space)]
    yield from wrong
    yield from _objective_mistakes(space)
    yield from _constraint_mistakes(space.constraints)
    for group in ("baselines", "references", "published"):
        if not isinstance(getattr(space, group), Mapping):
            yield Mistake(group, f"must be a dict of names, got {shown(getattr(space, group))}", "write {name: ...}")
            return
    for group in ("baselines", "references"):
        for name, config in getattr(space, group).items():
            if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
                what = f"names must be texts of at most {LONGEST_NAME} characters, got {shown(name)}"
                yield Mistake(group, what, 'write "name": ...')
                continue
            inside = template if group == "baselines" and not wrong else None
            for mistake in _named_mistakes(config, inside):
                if mistake not in of_template:  # a config made by template.replace(...) has what is wrong there too
                    yield mistake.under(f"{group}.{name}")
    yield from _shared_name_mistakes(space)
    if not wrong:
        yield from task_mistakes(template, space.references)
        yield from _drawing_mistakes(space)


def _config_mistakes(value: Any, path: str) -> Iterator[Mistake]:
    """Mistakes that were put off while the space file was read."""
    if isinstance(value, Config):
        inside = join(path, value.kind) if isinstance(value, Component) else path
        for mistake in value._mistakes:
            yield mistake.under(inside)
        for name, part in value.fields():
            yield from _config_mistakes(part, join(inside, name))
    elif isinstance(value, Choice):
        for option, label in zip(value.options, value.labels, strict=False):
            if isinstance(option, Config):
                for mistake in _config_mistakes(option, ""):
                    kind = option.kind if isinstance(option, Component) else ""
                    within = mistake.where.removeprefix(f"{kind}.")
                    yield Mistake(join(path, str(label), within), mistake.what, mistake.todo)
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from _config_mistakes(part, f"{path}.{index}")
    elif isinstance(value, Repeat):
        yield from _config_mistakes(value.item, f"{path}.0")


def _template_mistakes(space: "SearchSpace") -> Iterator[Mistake]:
    template, values = space.template, dict(space.template.fields())
    if any(True for _ in _config_mistakes(template, "")):
        return
    if space.objective is None and not {"data", "model", "epochs"} <= values.keys():
        kind = type(template).__name__
        yield Mistake("template", f"a {kind} cannot be trained", "use TrialConfig(...), or give the space an objective")
    for name in _FIXED:
        if has_hole(values.get(name)):
            yield Mistake(f"template.{name}", "takes no hole: all trials of a study share it", "give it a value")
    epochs: Any = space.epochs
    if epochs is not None and (not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 1):
        yield Mistake("epochs", f"must be a whole number above 0, got {shown(epochs)}", "write one")
    elif epochs is not None and space.objective is None:
        yield Mistake("epochs", "is for spaces with an objective of their own", "set template.epochs instead")
    yield from _overlap_mistakes(template)


def _overlap_mistakes(template: Config) -> Iterator[Mistake]:
    seen: set[int] = set()  # the items of a repeat share their holes
    for path, hole in holes(template):
        if not isinstance(hole, Choice) or id(hole) in seen:
            continue
        seen.add(id(hole))
        branches = [pair for pair in zip(hole.options, hole.labels, strict=True) if not is_plain(pair[0])]
        for index, (option, label) in enumerate(branches):
            for other, earlier in branches[:index]:
                if overlap(option, other):
                    what = f"the options {earlier} and {label} overlap: some config is in both"
                    yield Mistake(f"template.{path}", what, "keep their values apart")


def _drawing_mistakes(space: "SearchSpace") -> Iterator[Mistake]:
    sampler: Any = space.sampler
    balanced: Any = space.balanced
    if sampler not in SAMPLERS:
        yield Mistake("sampler", f"unknown sampler {shown(sampler)}", near(str(sampler), SAMPLERS))
    if balanced is None:
        return
    choices = [path for path, hole in holes(space.template) if isinstance(hole, Choice)]
    if balanced not in choices:
        hint = near(str(balanced), choices) if choices else "the template has none; leave it out"
        yield Mistake("balanced", f"must be the path of a choice, got {shown(balanced)}", hint)


def _objective_mistakes(space: "SearchSpace") -> Iterator[Mistake]:
    objectives: Any = space.objectives
    function: Any = space.objective
    usual = usual_metric(task := task_of(space.template))
    if function is not None and not callable(function):
        yield Mistake("objective", f"must be a function of config and epochs, got {shown(function)}", "name a function")
    if not isinstance(objectives, (tuple, list)):
        yield Mistake(
            "objectives", f"must be a tuple, got {shown(objectives)}", f'write (maximize("{usual_metric(task)}"),)'
        )
        return
    if not objectives:
        yield Mistake("objectives", "is empty", f'give at least one, such as maximize("{usual}")')
    seen = set()
    for index, objective in enumerate(objectives):
        if not _is_aim(objective):
            what = f"must be maximize(...) or minimize(...), got {shown(objective)}"
            yield Mistake(f"objectives.{index}", what, f'write maximize("{usual}")')
            continue
        problem = metric_problem(objective.metric, task) if space.objective is None else None
        if problem:
            yield Mistake(f"objectives.{index}", *problem)
        if objective.metric in seen:
            yield Mistake(f"objectives.{index}", f"{objective.metric!r} stands there twice", "remove one")
        seen.add(objective.metric)


def _is_aim(objective: object) -> bool:
    return (
        isinstance(objective, Objective)
        and isinstance(objective.metric, str)
        and bool(_METRIC.fullmatch(objective.metric))
        and objective.direction in ("maximize", "minimize")
    )


def _constraint_mistakes(constraints: Any) -> Iterator[Mistake]:
    if not isinstance(constraints, (tuple, list)):
        yield Mistake("constraints", f"must be a tuple, got {shown(constraints)}", "write (max_params(...),)")
        return
    seen = set()
    for index, limit in enumerate(constraints):
        if not isinstance(limit, Constraint):
            todo = "use max_params, max_flops or constraint"
            yield Mistake(f"constraints.{index}", f"must be a constraint, got {shown(limit)}", todo)
            continue
        if not isinstance(limit.name, str) or not limit.name.strip() or not limit.name.isprintable():
            yield Mistake(f"constraints.{index}", f"its name must be a text, got {shown(limit.name)}", "give it one")
            continue
        if not callable(limit.excess):
            what = f"must be a function of config and cost, got {shown(limit.excess)}"
            yield Mistake(f"constraints.{index}", what, "name one that returns by how much the limit is passed")
        if limit.name in seen:
            yield Mistake(f"constraints.{index}", f"{limit.name!r} stands there twice", "remove one")
        seen.add(limit.name)


def _named_mistakes(config: Any, template: Config | None) -> Iterator[Mistake]:
    """Mistakes in a named config, which must be whole and, with a template, inside it."""
    if not isinstance(config, Config):
        yield Mistake("", f"must be a config, got {shown(config)}", "write TrialConfig(...) or template.replace(...)")
        return
    wrong = list(_config_mistakes(config, ""))
    if wrong:
        yield from wrong
    elif has_hole(config):
        for name, _ in islice(holes(config), _LISTED):
            yield Mistake(name, "takes no hole: a named config is whole", "give it a value")
    elif template is not None:
        try:
            encode(template, config)
        except SpaceError as error:
            yield from error.mistakes


def _shared_name_mistakes(space: "SearchSpace") -> Iterator[Mistake]:
    known = [*space.baselines, *space.references]
    for name in space.references:
        if name in space.baselines:
            yield Mistake(f"references.{name}", "a baseline bears this name too", "use another name")
    published: Any = space.published
    for name, figures in published.items():
        where = f"published.{name}"
        if name not in known:
            yield Mistake(where, "belongs to no baseline or reference", near(str(name), map(str, known)))
        elif not isinstance(figures, Mapping):
            yield Mistake(where, f"must be a dict of figures, got {shown(figures)}", "write {metric: ...}")
        else:
            for metric, figure in figures.items():
                if not isinstance(metric, str) or type(figure) not in (int, float) or not math.isfinite(figure):
                    yield Mistake(where, f"{shown(metric)} must be a number, got {shown(figure)}", "write one")
