"""How many trials run at the same time, and what each of them gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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


def share_out(nodes: Sequence[Mapping[str, float]], jobs: int | None, gpus_per_trial: float | None) -> Resources:
    """Share out nodes, each a table of its `CPU` and `GPU`: a trial a core by default, or as many as the cards take.

    A trial lies on one node; more jobs than cores share them.

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
    cores = sum(int(node.get("CPU", 0)) for node in nodes)
    on_cards = sum(_trials_on(node.get("GPU", 0.0), share) for node in nodes) if share else max(1, cores)
    wanted = min(jobs or on_cards, on_cards) if share else jobs or on_cards
    largest = max(int(node.get("CPU", 1)) for node in nodes)
    cpus = min(cores / wanted, largest)
    return Resources(wanted, cpus if cpus < 1 else int(cpus), share)


def _trials_on(gpus: float, share: float) -> int:
    """How many trials the cards of one node take; a part of a card never lies on two."""
    return int(gpus // share) if share >= 1 else int(gpus) * int(1 / share + 1e-9)
