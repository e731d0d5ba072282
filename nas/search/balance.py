"""Balanced draws: every option of one choice gets as many drawn trials as the others."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nas.records import Verdict
from nas.search.ledger import Ledger, verdict_of
from nas.space.algebra import Params, holes
from nas.space.config import Config
from nas.space.holes import Choice

PATIENCE = 60
"""Rejected draws in a row after which an option is passed over: nothing new or nothing feasible is left of it."""


@dataclass
class Balance:
    """Says which option is next. Nothing is kept but in the ledger, so that a restart goes on where the last run ended.

    path: of the choice. labels: of its options. rejected: draws in a row, by label, that were not trained.
    """

    path: str
    labels: tuple[Any, ...]
    ledger: Ledger
    rejected: Counter[Any] = field(default_factory=Counter)

    @classmethod
    def of(cls, template: Config, path: str, ledger: Ledger) -> "Balance":
        """The balance of the choice at this path of the template."""
        hole = dict(holes(template))[path]
        assert isinstance(hole, Choice)
        return cls(path, hole.labels, ledger)

    def counts(self) -> dict[Any, int]:
        """Drawn trials of each option by its label: running, complete, pruned and failed ones, without baselines."""
        found = dict.fromkeys(self.labels, 0)
        for frozen in self.ledger.outlines():
            verdict = verdict_of(frozen)
            rejected = verdict in (Verdict.INFEASIBLE, Verdict.DUPLICATE)
            named = frozen.user_attrs.get("hash") in self.ledger.names
            if self.path in frozen.params and not rejected and not named:
                found[frozen.params[self.path]] += 1
        return found

    def next(self) -> Params | None:
        """What to fix in the next draw: the first option that has the fewest trials. None where all options have been
        rejected too often.
        """
        counts = self.counts()
        open_labels = [label for label in self.labels if self.rejected[label] < PATIENCE]
        return {self.path: min(open_labels, key=counts.__getitem__)} if open_labels else None

    def note(self, fixed: Params, rejected: bool) -> None:
        """Take in whether a draw with this option was rejected; without one nothing is noted."""
        for label in fixed.values():
            self.rejected[label] = self.rejected[label] + 1 if rejected else 0
