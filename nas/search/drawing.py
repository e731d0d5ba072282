"""Drawing the next config that is worth training: inside the constraints, and not trained before."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import optuna
from optuna.samplers import RandomSampler

from nas.records import Cost, Verdict
from nas.search.balance import Balance
from nas.search.ledger import Ledger, attributes_of, verdict_of
from nas.space.algebra import Params, config_hash, sample
from nas.space.config import Config
from nas.space.finite import size
from nas.space.mistakes import BrokenCode, SpaceError
from nas.space.search_space import SearchSpace
from nas.space.survey import Infeasible, measured

RANDOM_AFTER = 10
"""Rejected draws in a row after which the next is drawn at random: a sampler can get stuck on what it knows."""
GIVE_UP_AFTER = 1000

Measure = Callable[[Config], Cost | None]
"""The cost of a config before training; raises ValueError with the reason where it cannot be built."""


class NothingLeft(Exception):
    """No draw can be trained any more: says why."""


@dataclass(frozen=True)
class Draw:
    """A trial of the ledger with the config that it shall train."""

    trial: optuna.Trial
    config: Config
    cost: Cost | None


@dataclass
class Drawer:
    """Asks the study until a config can be trained; tells the rejected ones with their reason.

    seen: hashes of all configs drawn so far. grid: the enumeration to draw from, in place of the sampler, and listed
    what it enumerates.
    """

    space: SearchSpace
    ledger: Ledger
    measure: Measure
    seed: int
    known: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    grid: Iterator[tuple[Params, Config]] | None = None
    listed: str = "the space"
    causes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._size = size(self.space.template)
        balanced = self.space.balanced if self.grid is None else None
        self._balance = Balance.of(self.space.template, balanced, self.ledger) if balanced else None
        outlines = self.ledger.outlines()
        self._random = RandomSampler(seed=self.seed + len(outlines))
        for frozen in outlines:
            if "hash" in frozen.user_attrs:
                self.seen.add(frozen.user_attrs["hash"])
            rejected = verdict_of(frozen) in (Verdict.INFEASIBLE, Verdict.DUPLICATE)
            if not rejected and frozen.state.is_finished() and "hash" in frozen.user_attrs:
                self.known[frozen.user_attrs["hash"]] = frozen.number

    def draw(self) -> Draw:
        """The next config to train, its trial RUNNING in the ledger.

        Raises:
            NothingLeft: every config has been drawn, or 1,000 draws in a row were rejected.
        """
        for rejected in range(GIVE_UP_AFTER):
            fixed = {} if self.ledger.waiting() else self._queue_next()
            trial = self._ask_at_random() if rejected >= RANDOM_AFTER else self.ledger.study.ask()
            draw = self.resolve(trial)
            if self._balance is not None:
                self._balance.note(fixed, rejected=draw is None)
            if draw is not None:
                return draw
        raise NothingLeft(
            f"{GIVE_UP_AFTER:,} draws in a row were infeasible or trained before: widen the space or its constraints"
            + self._most_often()
        )

    def _queue_next(self) -> Params:
        """Queue the next config of an enumeration, or the next option of a balanced choice, and return the params that
        a balanced draw has fixed. In any finite space say when there is nothing left.
        """
        for params, config in self.grid or ():
            if config_hash(config) not in self.seen:
                self.ledger.enqueue(config, params, {})
                return {}
        count = len(self.seen)
        if self.grid is not None or count >= self._size:
            raise NothingLeft(f"all {count:,} configs of {self.listed} have been drawn{self._most_often()}")
        if self._balance is None:
            return {}
        fixed = self._balance.next()
        if fixed is None:
            raise NothingLeft(f"nothing is left to draw of any option of {self._balance.path}{self._most_often()}")
        self.ledger.enqueue_part(fixed)
        return fixed

    def resolve(self, trial: optuna.Trial) -> Draw | None:
        """The draw of an asked or adopted trial; None where it was rejected (and has been told).

        Raises:
            BrokenCode: a constraint's own code fails.
        """
        try:
            with self.ledger.together():
                config = sample(self.space.template, trial)
                digest = self._note(trial, config)
        except SpaceError as error:
            self._refuse(trial, str(error.mistakes[0]), {"does_not_fit": 1.0})
            return None
        cost, excess = None, dict[str, float]()
        try:
            cost = measured(self.measure, config)
        except Infeasible as reason:
            self._refuse(trial, str(reason), {"does_not_fit": 1.0})
            return None
        except BrokenCode:
            pass  # trained as it is, it fails with its true cause
        else:
            excess = {limit.name: limit.excess_of(config, cost) for limit in self.space.constraints}
        broken = [name for name, value in excess.items() if value > 0]
        if broken:
            self._refuse(trial, f"over its limit: {', '.join(broken)}", excess)
            return None
        earlier = self.known.setdefault(digest, trial.number)
        if earlier != trial.number:
            trial.set_user_attr("duplicate_of", earlier)
            self.ledger.reject(trial, Verdict.DUPLICATE, f"the same config as trial {earlier}", {})
            return None
        return Draw(trial, config, cost)

    def _refuse(self, trial: optuna.Trial, cause: str, violations: dict[str, float]) -> None:
        self.causes[cause] += 1
        self.ledger.reject(trial, Verdict.INFEASIBLE, cause, violations)

    def _most_often(self) -> str:
        """The cause for which draws were refused most often, if any were."""
        return "".join(f"; {count} draws: {cause}" for cause, count in self.causes.most_common(1))

    def _note(self, trial: optuna.Trial, config: Config) -> str:
        digest = config_hash(config)
        self.seen.add(digest)
        if "hash" not in attributes_of(trial):
            trial.set_user_attr("hash", digest)
        return digest

    def _ask_at_random(self) -> optuna.Trial:
        """One draw past the sampler. Its suggestions must come at random too, so they are asked for here."""
        usual = self.ledger.study.sampler
        self.ledger.study.sampler = self._random
        try:
            trial = self.ledger.study.ask()
            with self.ledger.together():
                sample(self.space.template, trial)
        except SpaceError:
            pass
        finally:
            self.ledger.study.sampler = usual
        return trial
