"""What kind of answer the networks of a space give, and which metrics can be measured of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from nas.space.config import Component, Config
from nas.space.holes import Choice, Repeat
from nas.space.mistakes import Mistake, join, near
from nas.space.objectives import METRICS, METRICS_OF_TASK

_USUAL = {"classification": "val_accuracy", "regression": "val_r2"}


def tasks_of(config: Config) -> list[str]:
    """The tasks (`classification`, `regression`) of the data that a template or config may have; empty without data."""
    data = dict(config.fields()).get("data")
    options = data.options if isinstance(data, Choice) else (data,)
    return list(dict.fromkeys(option.task for option in options if hasattr(option, "task")))


def task_of(config: Config) -> str:
    """Its one task; `classification` where the data does not say."""
    return next(iter(tasks_of(config)), "classification")


def usual_metric(task: str) -> str:
    """The validation metric that people look at first."""
    return _USUAL[task]


def metric_problem(metric: str, task: str) -> tuple[str, str] | None:
    """What is wrong with aiming at this metric on data of this task, and what to do; None where nothing is."""
    if metric in METRICS_OF_TASK[task]:
        return None
    if any(metric in known for known in METRICS_OF_TASK.values()):
        return f"{_lack(task)} {metric}", f'use maximize("{_USUAL[task]}")'
    if metric.startswith("test_"):
        return f"unknown metric {metric!r}", "test figures never steer a search; use the val_ metric"
    return f"unknown metric {metric!r}", near(metric, METRICS_OF_TASK[task])


def task_mistakes(template: Config, references: Mapping[str, Any]) -> Iterator[Mistake]:
    """Data of two tasks in one space, and schedules or early stopping that watch what the data does not have."""
    tasks = tasks_of(template)
    if len(tasks) > 1:
        yield Mistake("template.data", "offers images and tables, whose figures cannot be compared", "make two spaces")
        return
    configs = {f"references.{name}": config for name, config in references.items() if isinstance(config, Config)}
    for where, config in configs.items():
        if tasks and tasks_of(config) not in ([], tasks):
            yield Mistake(f"{where}.data", "is of another task than the template's", "leave it out")
    for where, config in {"template": template, **configs}.items():
        task = task_of(config)
        for path, metric in _watched(config, ""):
            if metric in METRICS and metric not in METRICS_OF_TASK[task]:  # others may call something else a metric
                yield Mistake(join(where, path), f"{_lack(task)} {metric}", f'use "{_USUAL[task]}"')


def _lack(task: str) -> str:
    return "images have no" if task == "classification" else "a table has no"


def _watched(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every field called `metric` that names one, those in all branches included."""
    match value:
        case Choice():
            for option, label in zip(value.options, value.labels, strict=True):
                if isinstance(option, Config):
                    yield from _watched_inside(option, join(path, str(label)))
        case Repeat():
            yield from _watched(value.item, f"{path}.0")
        case tuple():
            for index, part in enumerate(value):
                yield from _watched(part, f"{path}.{index}")
        case Config():
            yield from _watched_inside(value, join(path, value.kind) if isinstance(value, Component) else path)


def _watched_inside(config: Config, path: str) -> Iterator[tuple[str, str]]:
    for name, part in config.fields():
        options = part.options if isinstance(part, Choice) else (part,)
        if name == "metric":
            yield from ((join(path, name), option) for option in options if isinstance(option, str))
        else:
            yield from _watched(part, join(path, name))
