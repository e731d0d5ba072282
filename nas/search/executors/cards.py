"""How many trials share a card, by the memory that they need: `--gpus-per-trial auto`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

GIB = 2**30
CONTEXT_BYTES = GIB // 2
"""What CUDA and its libraries take of a card for each process, before any tensor: an assumption, for it differs between
cards and versions."""
SAFETY = 1.25
"""A trial may need so many times what was measured: larger networks may be drawn, and torch's allocator leaves gaps.
Where even that is too little, trials halve their micro-batches."""
MOST = 100
"""Trials on one card at most: Ray counts parts of a card in ten-thousandths."""


@dataclass(frozen=True)
class Need:
    """What a trial takes of a card, and what a card has: bytes.

    step: weights and activations of a training step at their most. data: the images; each trial has its own. free: what
    nobody uses of a card.
    """

    step: int
    data: int
    free: int

    @property
    def trial(self) -> float:
        """What one trial may take in all."""
        return CONTEXT_BYTES + SAFETY * (self.step + self.data)


@dataclass(frozen=True)
class CardShare:
    """gpus: of each trial, one card at most. why: the reason, for people."""

    gpus: float
    why: str


def share_of_card(need: Need, nodes: Sequence[Mapping[str, float]]) -> CardShare:
    """The smallest part of a card that holds a trial, but no more trials on a card than processors beside it.

    nodes: tables of their `CPU` and `GPU`; one at least has a card.
    """
    fit = floor(need.free / need.trial)
    told = f"needs {need.trial / GIB:.1f} GiB, and a card has {need.free / GIB:.1f} GiB free"
    cores = min(int(node.get("CPU", 0) / node["GPU"]) for node in nodes if node.get("GPU"))
    trials = max(1, min(fit, cores, MOST))
    if trials == fit:
        return CardShare(_part(trials), told)
    if fit < 1:
        return CardShare(1.0, f"{told}; where it does not fit, batches go through in parts")
    return CardShare(_part(trials), f"{told}; room for {fit}, with {cores} processors to a card")


def _part(trials: int) -> float:
    """A part of a card of which so many fit on it."""
    return floor(10_000 / trials) / 10_000
