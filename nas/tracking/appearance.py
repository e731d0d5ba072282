"""What a trial's MLflow run shows: names and values of its tags, params, metrics and files, as a record says."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

from nas.records import EpochMetrics, Verdict
from nas.space.config import Component
from nas.tracking.record import TrialRecord

STATUS = {Verdict.COMPLETE: "FINISHED", Verdict.PRUNED: "KILLED", Verdict.FAILED: "FAILED"}
"""MLflow's words for how a run ended."""

UID_TAG, STUDY_TAG, STARTED_TAG, KIND_TAG = "nas.uid", "nas.study", "nas.started", "nas.kind"
VERDICT_TAG, CONFIG_TAG = "nas.verdict", "nas.config"
SAVED_VIEW = "nas"
CONFIG_FILE, DETAILS_FILE = "config.json", "details.json"

_COLUMNS = ("final_val_accuracy", "test_accuracy", "params", "accuracy_per_million_params")
_REGRESSION_COLUMNS = ("final_val_r2", "test_r2", "final_val_mse", "test_mse", "params")
_NAME_LIMIT, _TEXT_LIMIT = 250, 5000
_FORBIDDEN = re.compile(r"[^\w\-. :/]")


class Point(NamedTuple):
    """One figure in MLflow's terms; timestamp in milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


def experiment_tags(record: TrialRecord) -> dict[str, str]:
    """Tags of the experiment of a study whose first trial this is.

    The second lets MLflow's page show its tables for training, not for agents. The third is a saved view of them, which
    a link can name: the columns that answer the study's question, and the holes, best accuracy or R2 first.
    """
    asked = _REGRESSION_COLUMNS if _is_regression(record) else _COLUMNS
    columns = [*(f"metrics.`{name}`" for name in asked), *(f"params.`{path}`" for path in params(record))]
    view = {
        "orderByKey": f"metrics.`{asked[0]}`",
        "orderByAsc": False,
        "selectedColumns": [f"tags.`{VERDICT_TAG}`", *columns],
    }
    return {
        STUDY_TAG: record.study,
        "mlflow.experimentKind": "custom_model_development",
        f"mlflow.sharedViewState.{SAVED_VIEW}": json.dumps(view),
    }


def run_name(record: TrialRecord) -> str:
    """`VGG19`, `baseline 10`, `trial 12`."""
    if record.reference is not None:
        return record.reference
    return f"baseline {', '.join(record.baseline)}" if record.baseline else f"trial {record.number}"


def standing_tags(record: TrialRecord) -> dict[str, str]:
    """Tags that say which trial it is, what it belongs to and where it ran."""
    kind = "reference" if record.reference is not None else "baseline" if record.baseline else "sampled"
    tags = {
        UID_TAG: record.uid,
        STUDY_TAG: record.study,
        "nas.trial": str(record.number),
        KIND_TAG: kind,
        "optuna.study": record.optuna_study,
        "optuna.trial_number": str(record.number),
        "optuna.trial_id": str(record.optuna_trial_id),
    }
    if record.baseline:
        tags["nas.baseline"] = ", ".join(record.baseline)
    if record.reference is not None:
        tags["nas.reference"] = record.reference
    if record.started is not None:
        tags[STARTED_TAG] = str(record.started)
    if "seed" in record.config:
        tags["nas.seed"] = str(record.config["seed"])
    tags |= {f"env.{name}": value for name, value in record.environment.items()}
    return {clean(name): value[:_TEXT_LIMIT] for name, value in tags.items()}


def closing_tags(record: TrialRecord, paused: bool) -> dict[str, str]:
    """Tags that say how it stands with the trial: running, interrupted, or its verdict with the cause."""
    verdict = str(record.verdict) if record.verdict else "interrupted" if paused else "running"
    return {VERDICT_TAG: verdict, **({"nas.cause": record.cause[:_TEXT_LIMIT]} if record.cause else {})}


def status(record: TrialRecord, paused: bool) -> str:
    """MLflow's status of the run."""
    if record.verdict is None:
        return "KILLED" if paused else "RUNNING"
    return STATUS[record.verdict]


def params(record: TrialRecord) -> dict[str, str]:
    """The values of the holes as text, by path."""
    return {clean(path): str(value)[:_TEXT_LIMIT] for path, value in record.params.items()}


def figures(record: TrialRecord, start: int) -> Iterator[Point]:
    """The figures that a run has once, cost and final metrics, at step 0: MLflow's charts show those as bars.

    A final metric with the name of a curve is called `final_...`: it belongs to the weights that are kept, while the
    curve's last point belongs to the last epoch, and a curve shall have one point an epoch.
    """
    curves = {name for point in record.curve for name in point.values}
    if record.cost is not None:
        for name in ("params", "trainable_params", "flops", "activation_bytes"):
            yield Point(_apart(name, curves), float(getattr(record.cost, name)), start, 0)
    if record.verdict is not None:
        end = start + max(_elapsed(record.curve), default=0)
        for name, value in _final(record).items():
            yield Point(_apart(name, curves), float(value), end, 0)


def curve(record: TrialRecord, start: int, known: Set[int]) -> Iterator[list[Point]]:
    """The points of each epoch that is not known yet.

    Their timestamps are the start plus the seconds trained until then: the same whenever they are computed, so that
    MLflow takes a point that is sent twice for one.
    """
    for point, elapsed in zip(record.curve, _elapsed(record.curve), strict=True):
        if point.epoch not in known:
            yield [
                Point(clean(name), float(value), start + elapsed, point.epoch) for name, value in point.values.items()
            ]


def witnesses(record: TrialRecord) -> list[str]:
    """Metrics of which every epoch has at least one: an epoch is logged if one of them is."""
    found: list[str] = []
    for point in record.curve:
        if point.values and not any(name in point.values for name in found):
            found.append(next(iter(point.values)))
    return [clean(name) for name in found]


def clean(name: str) -> str:
    """The name as MLflow accepts it: `_` for forbidden characters, and none that reads as another path."""
    name = _FORBIDDEN.sub("_", name)[:_NAME_LIMIT]
    is_plain = posixpath.normpath(name) == name and not name.startswith((".", "/"))
    return name if is_plain else f"_{name.replace('/', '_')}"[:_NAME_LIMIT]


def _is_regression(record: TrialRecord) -> bool:
    data = record.config.get("data")
    kind = Component.kinds.get(data.get("kind", "")) if isinstance(data, Mapping) else None
    return getattr(kind, "task", "") == "regression"


def _final(record: TrialRecord) -> Mapping[str, Any]:
    accuracy = record.metrics.get("val_accuracy")
    if accuracy is None or record.cost is None or not record.cost.params:
        return record.metrics
    return {"accuracy_per_million_params": 1e6 * accuracy / record.cost.params, **record.metrics}


def _apart(name: str, curves: Set[str]) -> str:
    return clean(f"final_{name}" if name in curves else name)


def _elapsed(points: Iterable[EpochMetrics]) -> Iterator[int]:
    """Milliseconds trained until the end of each epoch; one more for each, so that order is kept without seconds."""
    seconds = 0.0
    for count, point in enumerate(points, start=1):
        seconds += point.values.get("seconds", 0.0)
        yield round(1000 * seconds) + count
