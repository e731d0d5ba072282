"""Which weights stay on the disk: those of the front and of the five best; checkpoints go with the verdict.

A driver may die between a verdict and this: the next one makes up for it. Pictures and tables of a trial stay, they
are small.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nas.job import FINDINGS
from nas.records import Verdict
from nas.search.layout import Layout
from nas.search.ledger import Ledger, verdict_of
from nas.space.search_space import Objective
from nas.tracking.record import TrialRecord

BEST_KEPT = 5
KEEP = "keep"
"""The study's attribute that says `all` once weights have been kept on purpose."""


@dataclass
class Retention:
    """A listener that frees the disk after each verdict. With `keep_all` weights are never deleted, nor later those
    that were there by then.
    """

    ledger: Ledger
    layout: Layout
    keep_all: bool = False
    kept: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        everything = {
            frozen.number: list(frozen.values)
            for frozen in self.ledger.outlines()
            if verdict_of(frozen) == Verdict.COMPLETE and frozen.values
        }
        self.kept = {number: everything[number] for number in worth_keeping(everything, self.ledger.objectives)}

    def make_up(self, ledger: Ledger) -> None:
        """Delete what trials of the study, or of its references, left whose verdict came before this driver."""
        ended = {frozen.number for frozen in ledger.outlines() if frozen.state.is_finished()}
        for number, folder in _by_number(self.layout.checkpoints(ledger.name, 0).parent):
            if number in ended:
                shutil.rmtree(folder, ignore_errors=True)
        if ledger is not self.ledger:
            return
        if self.keep_all:
            ledger.study.set_user_attr(KEEP, "all")
        if ledger.study.user_attrs.get(KEEP) != "all":
            for number, folder in _by_number(self.layout.weights(ledger.name, 0).parent):
                if number in ended - self.kept.keys():
                    for path in spare_paths(folder):
                        remove(path)

    def started(self, record: TrialRecord) -> None:
        """Nothing to free yet."""

    def advanced(self, record: TrialRecord) -> None:
        """Nothing to free yet."""

    def ended(self, record: TrialRecord) -> None:
        """Delete the trial's checkpoints, and all weights that are not worth keeping any more."""
        study = f"{record.study}.references" if record.reference else record.study
        shutil.rmtree(self.layout.checkpoints(study, record.number), ignore_errors=True)
        if self.keep_all or record.reference:
            return
        candidates = dict(self.kept)
        if record.verdict == Verdict.COMPLETE:
            values = self.ledger.study._storage.get_trial(record.optuna_trial_id).values
            candidates[record.number] = list(values or [])
        self.kept = {number: candidates[number] for number in worth_keeping(candidates, self.ledger.objectives)}
        for number in {*candidates, record.number} - self.kept.keys():
            for path in spare_paths(self.layout.weights(study, number)):
                remove(path)


def _by_number(folder: Path) -> Iterator[tuple[int, Path]]:
    """The folders of trials in a study's folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.isdecimal():
            yield int(path.name), path


def spare_paths(folder: Path) -> list[Path]:
    """What can go of a trial whose weights are not worth keeping: all but its findings; of a folder without any the
    folder itself.
    """
    if not folder.is_dir():
        return []
    inside = sorted(folder.iterdir())
    spare = [path for path in inside if path.name != FINDINGS]
    return spare if len(spare) < len(inside) else [folder]


def remove(path: Path) -> None:
    """Delete a folder with all that is in it, or a file."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def worth_keeping(values: Mapping[int, Sequence[float]], objectives: Sequence[Objective]) -> set[int]:
    """Trial numbers of the Pareto front and of the five best by the first objective.

    `values` holds the objectives' values by trial number.
    """
    signs = [1 if objective.direction == "maximize" else -1 for objective in objectives]
    gains = {number: [sign * value for sign, value in zip(signs, own, strict=True)] for number, own in values.items()}
    best = sorted(gains, key=lambda number: tuple(gains[number]), reverse=True)[:BEST_KEPT]
    return set(best) | pareto_front(gains)


def pareto_front(gains: Mapping[int, Sequence[float]]) -> set[int]:
    """The numbers that no other one dominates: at least as good everywhere and better somewhere. Larger is better."""
    front: set[int] = set()
    for number in sorted(gains, key=lambda n: tuple(gains[n]), reverse=True):
        if not any(_dominates(gains[other], gains[number]) for other in front):
            front.add(number)
    return front


def _dominates(left: Sequence[float], right: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(left, right, strict=True)) and any(
        a > b for a, b in zip(left, right, strict=True)
    )
