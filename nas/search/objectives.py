"""From what a trial brought back to what its study aims at."""

from collections.abc import Mapping, Sequence
from math import isfinite

from nas.records import Cost, TrialFailure
from nas.space.search_space import Objective


def figures(metrics: Mapping[str, float], cost: Cost | None) -> dict[str, float]:
    """All figures of a finished trial by name: its metrics, its cost, and accuracy per million parameters."""
    found = dict(metrics)
    if cost is not None:
        found |= {
            "params": cost.params,
            "trainable_params": cost.trainable_params,
            "flops": cost.flops,
            "activation_bytes": cost.activation_bytes,
        }
    per_million = accuracy_per_million_params(metrics.get("val_accuracy"), cost)
    if per_million is not None:
        found["accuracy_per_million_params"] = per_million
    return found


def accuracy_per_million_params(val_accuracy: float | None, cost: Cost | None) -> float | None:
    """Validation accuracy / (params / 1e6); None where either is not known."""
    return val_accuracy / cost.params * 1e6 if val_accuracy is not None and cost and cost.params else None


def objective_values(
    objectives: Sequence[Objective], metrics: Mapping[str, float], cost: Cost | None
) -> list[float] | TrialFailure:
    """The value of each objective, in order; a failure that names the one that is missing or not a number."""
    found = figures(metrics, cost)
    for objective in objectives:
        if objective.metric not in found:
            return TrialFailure(f"the trial reported no {objective.metric}; it has {', '.join(sorted(found))}")
        if not isfinite(found[objective.metric]):
            return TrialFailure(f"{objective.metric} is {found[objective.metric]}")
    return [float(found[objective.metric]) for objective in objectives]
