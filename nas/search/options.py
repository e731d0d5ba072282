"""`Options`: what a search is asked for, beside its space."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from nas.search.layout import Layout


@dataclass(frozen=True)
class Options:
    """Budget, place and manner of a search. Nothing here changes what a trial's result means.

    trials: the study's total of complete + pruned + failed. seconds: how long this run may take.
    timeout: seconds that an attempt at a trial may take on a worker; not with `local`.
    jobs, gpus_per_trial: None shares out what there is; `auto` puts as many trials on a card as its memory holds.
    address: an existing Ray cluster. executor: `local` runs the trials one after the other in this process.
    notes: lines that the view shows at the start.
    """

    layout: Layout
    storage: str
    trials: int | None = None
    seconds: float = inf
    timeout: float | None = None
    sampler: str = "tpe"
    scheduler: str = "asha"
    stop_baselines: bool = False
    keep_all: bool = False
    jobs: int | None = None
    gpus_per_trial: float | Literal["auto"] | None = None
    address: str | None = None
    executor: Literal["ray", "local"] = "ray"
    fresh: bool = False
    notes: tuple[str, ...] = ()
