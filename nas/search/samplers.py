"""Samplers by name, and why one of them cannot serve a space."""

import warnings
from collections.abc import Callable

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler

from nas.space.algebra import holes
from nas.space.finite import size
from nas.space.holes import Range
from nas.space.mistakes import Mistake, SpaceError, near
from nas.space.search_space import SearchSpace

GP_LIMIT = 300
"""Trials after which the Gaussian process takes seconds a draw (it took 0.3 s at 100 trials, 7.5 s at 1,000)."""


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": _tpe,
    "random": lambda seed: RandomSampler(seed=seed),
    "grid": lambda seed: RandomSampler(seed=seed),  # the enumeration queues its configs; nothing is left to sample
    "ablation": lambda seed: RandomSampler(seed=seed),  # likewise
    "gp": lambda seed: GPSampler(seed=seed, deterministic_objective=False, warn_independent_sampling=False),
    "nsga2": lambda seed: NSGAIISampler(seed=seed),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "qmc": lambda seed: QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False),
}


def make_sampler(name: str, seed: int) -> BaseSampler:
    """The Optuna sampler of that name. `seed` must differ after a restart, or the first draws come again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return SAMPLERS[name](seed)


def check_sampler(name: str, space: SearchSpace) -> None:
    """Refuse a sampler that cannot serve the space.

    Raises:
        SpaceError: one line that says why, and which sampler can.
    """
    if name not in SAMPLERS:
        raise SpaceError([Mistake("--sampler", f"unknown sampler {name!r}", near(name, SAMPLERS))])
    if name == "ablation" and not space.baselines:
        what = f"ablation changes one value of a base at a time, and {space.name} has no baseline to be the base"
        raise SpaceError([Mistake("--sampler", what, 'give the space baselines={"base": ...}, or use tpe')])
    reason = _refusal(name, space)
    if reason:
        raise SpaceError([Mistake("--sampler", f"{name} cannot serve this space: {reason}", "use tpe or random")])


def _refusal(name: str, space: SearchSpace) -> str:
    domains = dict(holes(space.template))
    endless = [path for path, hole in domains.items() if isinstance(hole, Range) and size(hole) == float("inf")]
    if name == "grid" and endless:
        return f"{endless[0]} has no finite number of values"
    if name == "cmaes" and len(space.objectives) > 1:
        return f"it takes one objective, the space has {len(space.objectives)}"
    options = [path for path, hole in domains.items() if not isinstance(hole, Range)]
    if name == "cmaes" and options:
        return f"it takes ranges only, and {options[0]} is a choice"
    return ""
