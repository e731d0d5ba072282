"""Drawing the next config that is worth training: inside the constraints, and not trained before."""

from collections.abc import Callable
from dataclasses import dataclass, field

import optuna
from optuna.samplers import RandomSampler

from nas.records import Cost, Verdict
from nas.search.ledger import Ledger, verdict_of
from nas.space.algebra import config_hash, sample
from nas.space.config import Config
from nas.space.finite import size
from nas.space.mistakes import SpaceError
from nas.space.search_space import SearchSpace

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
    """Asks the study until a config can be trained; tells the rejected ones with their reason."""

    space: SearchSpace
    ledger: Ledger
    measure: Measure
    seed: int
    known: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._size = size(self.space.template)
        for frozen in self.ledger.frozen():
            self.seen.add(frozen.user_attrs.get("hash", ""))
            rejected = verdict_of(frozen) in (Verdict.INFEASIBLE, Verdict.DUPLICATE)
            if not rejected and frozen.state.is_finished() and "hash" in frozen.user_attrs:
                self.known[frozen.user_attrs["hash"]] = frozen.number

    def draw(self) -> Draw:
        """The next config to train, its trial RUNNING in the ledger.

        Raises:
            NothingLeft: every config has been drawn, or 1,000 draws in a row were rejected.
        """
        for rejected in range(GIVE_UP_AFTER):
            if len(self.seen - {""}) >= self._size and not self.ledger.waiting():
                raise NothingLeft(f"all {self._size:,} configs of the space have been drawn")
            trial = self._ask_at_random(rejected) if rejected >= RANDOM_AFTER else self.ledger.study.ask()
            draw = self.resolve(trial)
            if draw is not None:
                return draw
        raise NothingLeft(
            f"{GIVE_UP_AFTER:,} draws in a row were infeasible or trained before: widen the space or its constraints"
        )

    def resolve(self, trial: optuna.Trial) -> Draw | None:
        """The draw of an asked or adopted trial; None where it was rejected (and has been told)."""
        try:
            config = sample(self.space.template, trial)
            digest = self._note(trial, config)
            cost = self.measure(config)
        except (SpaceError, ValueError) as error:
            reason = str(error).splitlines()[0]
            self.ledger.reject(trial, Verdict.INFEASIBLE, reason, {"does_not_fit": 1.0})
            return None
        excess = {limit.name: limit.excess(config, cost) for limit in self.space.constraints}  # type: ignore[arg-type]
        broken = {name: value for name, value in excess.items() if value > 0}
        if broken:
            self.ledger.reject(trial, Verdict.INFEASIBLE, f"over its limit: {', '.join(broken)}", excess)
            return None
        earlier = self.known.setdefault(digest, trial.number)
        if earlier != trial.number:
            trial.set_user_attr("duplicate_of", earlier)
            self.ledger.reject(trial, Verdict.DUPLICATE, f"the same config as trial {earlier}", {})
            return None
        return Draw(trial, config, cost)

    def _note(self, trial: optuna.Trial, config: Config) -> str:
        digest = config_hash(config)
        self.seen.add(digest)
        if "hash" not in trial.user_attrs:
            trial.set_user_attr("hash", digest)
        return digest

    def _ask_at_random(self, rejected: int) -> optuna.Trial:
        """One draw past the sampler. Its suggestions must come at random too, so they are asked for here."""
        usual = self.ledger.study.sampler
        self.ledger.study.sampler = RandomSampler(seed=self.seed + rejected + len(self.known))
        try:
            trial = self.ledger.study.ask()
            sample(self.space.template, trial)
        except SpaceError:
            pass
        finally:
            self.ledger.study.sampler = usual
        return trial
