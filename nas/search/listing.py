"""Samplers that list their configs beforehand, in place of drawing them."""

from collections.abc import Callable, Iterator

from nas.search.names import EXTRA_TRIALS
from nas.space.ablation import one_at_a_time
from nas.space.algebra import Params, config_hash
from nas.space.config import Config
from nas.space.finite import grid, size
from nas.space.search_space import SearchSpace

Rows = Iterator[tuple[Params, Config]]


def _grid(space: SearchSpace) -> Rows:
    return grid(space.template)


def _ablation(space: SearchSpace) -> Rows:
    return one_at_a_time(space.template, next(iter(space.baselines.values())))


LISTED: dict[str, Callable[[SearchSpace], Rows]] = {"grid": _grid, "ablation": _ablation}


def listed(sampler: str, space: SearchSpace) -> Rows | None:
    """The configs that the sampler lists, with their params; None where it draws them."""
    return LISTED[sampler](space) if sampler in LISTED else None


def trials_by_default(sampler: str, space: SearchSpace) -> int:
    """The study's total where none is asked for: all that is listed, else some draws after the baselines."""
    named = {config_hash(config) for config in space.baselines.values()}
    if sampler == "grid":
        return int(size(space.template))
    if sampler == "ablation":
        return len(named | {config_hash(config) for _, config in _ablation(space)})
    return len(named) + EXTRA_TRIALS


def trials_at_once(sampler: str, space: SearchSpace, trials: int | None) -> float:
    """How many trials can run at the same time at most, given the study's total: references wait for the baselines."""
    total = min(trials or trials_by_default(sampler, space), size(space.template))
    return max(total, total - len(space.baselines) + len(space.references))
