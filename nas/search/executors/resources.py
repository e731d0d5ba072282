"""How many trials run at the same time, and what each of them gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf


class ResourceError(RuntimeError):
    """The machine or cluster does not have what was asked for: one line."""


@dataclass(frozen=True)
class Resources:
    """jobs: trials at the same time. cpus, gpus: of each trial; less than one is a part of one."""

    jobs: int
    cpus: float
    gpus: float

    @property
    def threads(self) -> int:
        """Threads of each trial."""
        return max(1, int(self.cpus))


def share_out(
    nodes: Sequence[Mapping[str, float]], jobs: int | None, gpus_per_trial: float | None, trials: float = inf
) -> Resources:
    """Share out nodes, each a table of its `CPU` and `GPU`: a trial a core by default, or as many as the cards take.

    A trial lies on one node. Where there are fewer trials (`trials`: at the same time, whatever there is room for) or
    jobs than cores, each gets as many cores as all of them can; more jobs than cores share them.

    Raises:
        ResourceError: no node has so many cards, or a part of more than one is asked for.
    """
    most_gpus = max(node.get("GPU", 0.0) for node in nodes)
    share = (1.0 if most_gpus else 0.0) if gpus_per_trial is None else gpus_per_trial
    if share > most_gpus:
        raise ResourceError(
            f"--gpus-per-trial: {share:g} asked for each trial, and the largest node has {most_gpus:g}; "
            "leave it out to train on processors"
        )
    if share > 1 and share != int(share):
        raise ResourceError(f"--gpus-per-trial: {share:g} cannot be placed; give a part of one card or a whole number")
    if share:
        room = sum(_trials_on(node.get("GPU", 0.0), share) for node in nodes)
        wanted = min(jobs or room, room)
    else:
        wanted = jobs or max(1, sum(int(node.get("CPU", 0)) for node in nodes))
    wanted = max(1, int(min(wanted, trials)))
    return Resources(wanted, _cpus(nodes, wanted, share), share)


def _cpus(nodes: Sequence[Mapping[str, float]], wanted: int, share: float) -> float:
    """The most cores for each trial with which so many find room: whole ones, or an equal part of one.

    0 where not even that does, as on nodes that say they have none.
    """
    whole: Sequence[float] = range(max(int(node.get("CPU", 0)) for node in nodes), 0, -1)
    parts = (int(10_000 / number) / 10_000 for number in range(2, wanted + 1))  # Ray counts in ten-thousandths
    for cpus in (*whole, *parts):
        if sum(_trials_beside(node, cpus, share) for node in nodes) >= wanted:
            return cpus
    return 0


def _trials_beside(node: Mapping[str, float], cpus: float, share: float) -> int:
    """How many trials with so many cores and cards lie beside each other on a node."""
    by_cores = int(int(node.get("CPU", 0)) / cpus + 1e-9)
    return min(by_cores, _trials_on(node.get("GPU", 0.0), share)) if share else by_cores


def _trials_on(gpus: float, share: float) -> int:
    """How many trials the cards of one node take; a part of a card never lies on two."""
    return int(gpus // share) if share >= 1 else int(gpus) * int(1 / share + 1e-9)
