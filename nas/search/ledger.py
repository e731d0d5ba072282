"""The ledger: one study in the Optuna storage, the only truth about which trials exist and how they ended.

Everything that nas knows of a trial stands in its user attributes, so that any process can read it back; a trial is
RUNNING until it has been told. Only the driver writes.
"""

import json
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from nas.environment import environment
from nas.records import Cost, EpochMetrics, TrialFailure, TrialResult, Verdict
from nas.redact import redact
from nas.search.layout import Layout
from nas.search.writer import Writer
from nas.space.algebra import config_hash
from nas.space.config import Config, to_dict
from nas.space.search_space import Objective
from nas.tracking.record import TrialRecord

STOPPED_EARLY = "stopped_early"
_UNSTARTED = (Verdict.INFEASIBLE, Verdict.DUPLICATE)


@dataclass
class Ledger:
    """One study. `objectives` are those of the space, in its order; `names` gives the baselines' names by hash.

    layout: where the trials' files lie; without it records do not say where their findings are.
    """

    study: optuna.Study
    storage: RDBStorage
    objectives: tuple[Objective, ...]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    layout: Layout | None = None

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.study_name

    def outlines(self) -> list[FrozenTrial]:
        """All trials, in order of number, not to be changed; of finished ones only what a driver needs to go on."""
        return self.study.get_trials(deepcopy=False)

    def frozen(self) -> list[FrozenTrial]:
        """All trials with all that is known of them, in order of number. Not to be changed; a driver reads them."""
        return list(self.stream())

    def stream(self) -> Iterable[FrozenTrial]:
        """The same one at a time: a driver holds a page of them in memory."""
        storage = self.study._storage
        return storage.read(self.study._study_id) if isinstance(storage, Writer) else self.outlines()

    def together(self) -> AbstractContextManager[None]:
        """What is written inside arrives in one transaction."""
        storage = self.study._storage
        return storage.together() if isinstance(storage, Writer) else nullcontext()

    def records(self) -> Iterator[TrialRecord]:
        """What is known of every trial that was started, in order of number; rejected draws are left out."""
        for _, record in self._started():
            yield record

    def record(self, trial: optuna.Trial) -> TrialRecord:
        """What is known of one trial now."""
        frozen = copy(trial._cached_frozen_trial)
        frozen.state = self.study._storage.get_trial(trial._trial_id).state
        return record_of(frozen, self)

    def verdicts(self) -> dict[Verdict, int]:
        """How many trials ended in each way."""
        counts = dict.fromkeys(Verdict, 0)
        for frozen in self.outlines():
            verdict = verdict_of(frozen)
            if verdict is not None:
                counts[verdict] += 1
        return counts

    def running(self) -> list[optuna.Trial]:
        """The RUNNING trials, to be adopted: asking them again for a value gives the stored one."""
        return [
            optuna.Trial(self.study, frozen._trial_id)
            for frozen in self.outlines()
            if frozen.state == TrialState.RUNNING
        ]

    def waiting(self) -> bool:
        """Whether a queued trial has not been asked for yet."""
        return bool(self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def enqueue(self, config: Config, params: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        """Queue a config with its params; `names` are attributes such as `reference`."""
        attributes = {"hash": config_hash(config), "config": to_dict(config), **names}
        self.study.enqueue_trial(dict(params), user_attrs=attributes)

    def enqueue_part(self, params: Mapping[str, Any]) -> None:
        """Queue a draw in which these params are fixed, and the sampler chooses all others."""
        self.study.enqueue_trial(dict(params))

    def begin(self, trial: optuna.Trial, config: Config, cost: Cost | None) -> None:
        """Note what a trial is going to train, and where. Doing it again changes nothing."""
        known = attributes_of(trial)
        if "started" in known:
            return
        with self.together():
            if "config" not in known:
                trial.set_user_attr("config", to_dict(config))
            if "hash" not in known:
                trial.set_user_attr("hash", config_hash(config))
            if cost is not None:
                trial.set_user_attr("cost", asdict(cost))
            trial.set_user_attr("environment", environment())
            trial.set_user_attr("started", time.time())

    def add_epoch(self, trial: optuna.Trial, curve: Sequence[EpochMetrics]) -> None:
        """Store a curve that has grown by an epoch; with one objective also as Optuna's intermediate value.

        An epoch that is not in the attribute is told again after a crash.
        """
        newest = curve[-1]
        with self.together():
            if len(self.objectives) == 1 and self.objectives[0].metric in newest.values:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # told before the crash
                    trial.report(newest.values[self.objectives[0].metric], newest.epoch)
            trial.set_user_attr("curve", [{**point.values, "epoch": point.epoch} for point in curve])

    def reject(self, trial: optuna.Trial, verdict: Verdict, cause: str, excess: Mapping[str, float]) -> None:
        """End a draw that is not trained. `excess` holds the broken constraints, so that the sampler learns."""
        with self.together():
            trial.set_user_attr("cause", cause)
            if excess:
                trial.set_user_attr("excess", dict(excess))
            self._conclude(trial, verdict)

    def complete(self, trial: optuna.Trial, result: TrialResult, values: Sequence[float]) -> None:
        """End a trial with its objectives' values."""
        with self.together():
            trial.set_user_attr("metrics", dict(result.metrics))
            trial.set_user_attr("epochs", result.epochs)
            trial.set_user_attr("best_epoch", result.best_epoch)
            trial.set_user_attr("details", json.loads(json.dumps(result.details)))
            trial.set_user_attr("folder", result.folder.name if result.folder else None)
            trial.set_user_attr("values", list(values))
            self._conclude(trial, Verdict.COMPLETE)

    def prune(self, trial: optuna.Trial, epochs: int, budget: int) -> None:
        """End a trial that was stopped after `epochs` of `budget`. Several objectives learn it as a constraint."""
        with self.together():
            trial.set_user_attr("cause", f"stopped after {epochs} of {budget} epochs")
            trial.set_user_attr("epochs_left", 1 - epochs / budget)
            self._conclude(trial, Verdict.PRUNED)

    def fail(self, trial: optuna.Trial, failure: TrialFailure) -> None:
        """End a trial with the cause of its failure."""
        with self.together():
            trial.set_user_attr("cause", redact(failure.cause))
            if failure.traceback:
                trial.set_user_attr("traceback", redact(failure.traceback)[-8000:])
            self._conclude(trial, Verdict.FAILED)

    def note_death(self, trial: optuna.Trial, cause: str) -> int:
        """Note that the trial's worker died. Returns how often it has, under all drivers."""
        deaths = [*attributes_of(trial).get("deaths", ()), redact(cause)]
        trial.set_user_attr("deaths", deaths)
        return len(deaths)

    def settle(self, trial: optuna.Trial) -> bool:
        """Tell a RUNNING trial whose verdict stands already: its driver died in between. Returns whether it did."""
        verdict = attributes_of(trial).get("verdict")
        if verdict is None:
            return False
        with self.together():
            self._tell(trial, Verdict(verdict))
        return True

    def _conclude(self, trial: optuna.Trial, verdict: Verdict) -> None:
        """The verdict comes after all that belongs to it: where it stands, the trial can be told from it alone."""
        trial.set_user_attr("finished", time.time())
        trial.set_user_attr("verdict", verdict.value)
        self._tell(trial, verdict)

    def _tell(self, trial: optuna.Trial, verdict: Verdict) -> None:
        attributes = attributes_of(trial)
        if verdict == Verdict.COMPLETE:
            self.study.tell(trial, attributes["values"], state=TrialState.COMPLETE)
            return
        if verdict == Verdict.PRUNED and len(self.objectives) > 1:
            _set_constraint(trial, STOPPED_EARLY, attributes["epochs_left"])
        for name, value in attributes.get("excess", {}).items():
            _set_constraint(trial, name, value)
        self.study.tell(trial, state=TrialState.FAIL if verdict == Verdict.FAILED else TrialState.PRUNED)

    def note_run(self, trial: optuna.Trial, run_id: str | None) -> None:
        """Store the way to the trial's MLflow run, once it is known."""
        if run_id and "mlflow_run_id" not in attributes_of(trial):
            trial.set_user_attr("mlflow_run_id", run_id)

    def note_late_runs(self, run_ids: Mapping[str, str]) -> None:
        """Store the way to the MLflow runs that became known after their trial's verdict; `run_ids` is by uid.

        Optuna refuses new attributes on finished trials, so these stand in one of the study's.
        """
        late = {
            str(frozen.number): run_ids[uid]
            for frozen in self.outlines()
            if frozen.state.is_finished()
            and (uid := f"{self.name}/{frozen.number}") in run_ids
            and self.run_id(frozen) is None
        }
        if late:
            self.late_runs.update(late)
            self.study.set_user_attr("mlflow_runs", self.late_runs)

    def run_id(self, frozen: FrozenTrial) -> str | None:
        """The trial's MLflow run, None where it is not known."""
        return frozen.user_attrs.get("mlflow_run_id") or self.late_runs.get(str(frozen.number))

    @cached_property
    def late_runs(self) -> dict[str, str]:
        """Run by trial number, for trials whose run became known after their verdict."""
        return dict(self.study.user_attrs.get("mlflow_runs", {}))

    def _started(self) -> Iterator[tuple[FrozenTrial, TrialRecord]]:
        for frozen in self.stream():
            if frozen.state != TrialState.WAITING and "config" in frozen.user_attrs:
                record = record_of(frozen, self)
                if record.verdict not in _UNSTARTED:
                    yield frozen, record


def attributes_of(trial: optuna.Trial) -> Mapping[str, Any]:
    """The trial's user attributes, not to be changed: those that Optuna hands out are a deep copy each time."""
    return trial._cached_frozen_trial.user_attrs


def verdict_of(frozen: FrozenTrial) -> Verdict | None:
    """How a trial ended; None while it waits or runs. The state decides, attributes only tell its kinds apart."""
    if not frozen.state.is_finished():
        return None
    if frozen.state == TrialState.COMPLETE:
        return Verdict.COMPLETE
    if frozen.state == TrialState.FAIL:
        return Verdict.FAILED
    return Verdict(frozen.user_attrs.get("verdict", Verdict.PRUNED))


def record_of(frozen: FrozenTrial, ledger: Ledger) -> TrialRecord:
    """Everything that the ledger knows of one trial."""
    attributes = frozen.user_attrs
    return TrialRecord(
        study=ledger.name.removesuffix(".references"),
        number=frozen.number,
        reference=attributes.get("reference"),
        baseline=() if "reference" in attributes else tuple(ledger.names.get(attributes.get("hash", ""), ())),
        verdict=verdict_of(frozen),
        cause=attributes.get("cause"),
        params=frozen.params,
        config=attributes["config"],
        cost=Cost(**attributes["cost"]) if "cost" in attributes else None,
        curve=curve_of(frozen),
        metrics=attributes.get("metrics", {}),
        details=attributes.get("details", {}),
        environment=attributes.get("environment", {}),
        started=attributes.get("started"),
        finished=attributes.get("finished"),
        optuna_trial_id=frozen._trial_id,
        folder=_findings_of(frozen, ledger),
    )


def _findings_of(frozen: FrozenTrial, ledger: Ledger) -> str | None:
    """Its findings' folder now. Only its name is kept: what lies above may be mounted elsewhere by now."""
    stored = frozen.user_attrs.get("folder")
    if stored is None or ledger.layout is None:
        return None
    return str(ledger.layout.weights(ledger.name, frozen.number) / Path(stored).name)


def curve_of(frozen: FrozenTrial) -> tuple[EpochMetrics, ...]:
    """The stored curve, in order of epoch."""
    return tuple(
        EpochMetrics(point["epoch"], {name: value for name, value in point.items() if name != "epoch"})
        for point in frozen.user_attrs.get("curve", ())
    )


def _set_constraint(trial: optuna.Trial, name: str, value: float) -> None:
    """A second `set_constraint` of one name warns: after a crash it may be there already."""
    if name not in trial.study._storage.get_trial(trial._trial_id).constraints:
        trial.set_constraint(name, value)
