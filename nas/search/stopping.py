"""Early stopping of hopeless trials: one rule, recomputed from the ledger's curves, for one or several objectives.

Optuna's pruners know one objective only, and refuse to work in a study with several. So the curves of the first
objective that has one are kept in a shadow study in memory, with one objective, and the pruner judges there. After a
restart the shadow is filled again from the ledger.
"""

import math
import warnings
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable
from copy import copy

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas.records import EpochMetrics
from nas.search.names import SCHEDULERS
from nas.space.mistakes import Mistake, SpaceError, near
from nas.space.search_space import Objective

FINAL_ONLY = ("params", "trainable_params", "flops", "activation_bytes", "accuracy_per_million_params", "seconds")
_NUMBER = "number"
FEWEST_EPOCHS = 4
"""Below so many epochs a curve says too little to stop a trial."""
FEWEST_TRIALS = 5
"""So many trials must have ended first: a rung with two trials in it would drop one of them."""


def check_scheduler(name: str) -> None:
    """Refuse an unknown scheduler.

    Raises:
        SpaceError: with near names.
    """
    if name not in SCHEDULERS:
        raise SpaceError([Mistake("--scheduler", f"unknown scheduler {name!r}", near(name, SCHEDULERS))])


class StoppingRule:
    """Says after each epoch whether a trial shall stop. Who is spared is for the caller to decide."""

    def __init__(self, scheduler: str, objectives: tuple[Objective, ...], epochs: int) -> None:
        self.metric = next((o for o in objectives if o.metric not in FINAL_ONLY), None)
        self.epochs = epochs
        self._shadow: dict[int, optuna.Trial] = {}
        self._ended = 0
        self._study: optuna.Study | None = None
        if scheduler != "none" and epochs >= FEWEST_EPOCHS and self.metric is not None:
            pruner = _PRUNERS[scheduler](epochs)
            self._study = optuna.create_study(study_name="shadow", pruner=pruner, direction=self.metric.direction)

    @property
    def active(self) -> bool:
        """Whether any trial can be stopped at all."""
        return self._study is not None

    def stops(self, number: int, point: EpochMetrics) -> bool:
        """Take in one point of a trial's curve. Returns whether the trial is hopeless.

        A trial that has reached its last epoch is never stopped: it is complete.
        """
        if self._study is None or self.metric is None:
            return False
        value = point.values.get(self.metric.metric, math.nan)
        trial = self._shadow.get(number)
        if trial is None:
            trial = self._shadow[number] = self._study.ask()
            trial.set_user_attr(_NUMBER, number)  # its own there is another one, and a new one after a restart
        trial.report(value, point.epoch)
        hopeless = bool(trial.should_prune())
        return hopeless and self._ended >= FEWEST_TRIALS and point.epoch < self.epochs

    def ended(self, number: int, complete: bool) -> None:
        """Take in that a trial has ended: some rules compare with finished trials only."""
        trial = self._shadow.pop(number, None)
        if trial is None or self._study is None:
            return
        self._ended += 1
        last = self._study._storage.get_trial(trial._trial_id).intermediate_values
        value = last[max(last)] if last else math.nan
        if complete and not math.isnan(value):
            self._study.tell(trial, value, state=TrialState.COMPLETE)
        else:
            self._study.tell(trial, state=TrialState.PRUNED if last else TrialState.FAIL)


class SuccessiveHalving(BasePruner):
    """Judges as Optuna's `SuccessiveHalvingPruner`, which gathers and sorts the values of all trials each time: here
    each rung's are kept in order.

    first: the epoch of the first rung, each further one comes `factor` times later; one in `factor` passes a rung.
    """

    def __init__(self, first: int, factor: int) -> None:
        self._first, self._factor = first, factor
        self._rungs: dict[int, list[float]] = defaultdict(list)
        self._passed: Counter[int] = Counter()

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial's newest value is below that of the best third at the rung that it has reached."""
        step = trial.last_step
        value = math.nan if step is None else trial.intermediate_values[step]
        gain = value if study.direction == StudyDirection.MAXIMIZE else -value
        while step is not None and step >= self._first * self._factor ** self._passed[trial.number]:
            if math.isnan(value):
                return True
            values = self._rungs[self._passed[trial.number]]
            insort(values, gain)
            self._passed[trial.number] += 1
            if gain < values[-max(1, len(values) // self._factor)]:
                return True
        return False


def _asha(epochs: int) -> BasePruner:
    """Asynchronous successive halving (Li et al. 2018): the best third of those that reach a rung go on."""
    return SuccessiveHalving(max(1, epochs // 4), 3)


def _median(epochs: int) -> BasePruner:
    """Stopped when the best value so far is worse than the median of finished trials at the same epoch."""
    return MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, epochs // 4))


def _hyperband(epochs: int) -> BasePruner:
    """Hyperband (Li et al. 2017): several successive halvings that start at different epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _Hyperband(min_resource=1, max_resource=epochs, reduction_factor=3)


class _Hyperband(HyperbandPruner):
    """A trial's bracket is a matter of its number in the ledger, so that a restart changes none; they are remembered:
    Optuna works out all trials' anew, a hash each, whenever it judges one.
    """

    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        if not self._pruners or _NUMBER not in trial.user_attrs:  # asked for a sampler, which draws nothing here
            return 0
        known: dict[int, int] = self.__dict__.setdefault("_brackets", {})
        number = trial.user_attrs[_NUMBER]
        if number not in known:
            own = copy(trial)
            own.number = number
            known[number] = super()._get_bracket_id(study, own)
        return known[number]


_PRUNERS: dict[str, Callable[[int], BasePruner]] = {"asha": _asha, "median": _median, "hyperband": _hyperband}
