"""`Writer`: the storage as the one process sees it that writes to it.

Only the driver writes, so it need never read back what it has written: trials stand in memory, each change goes to the
database once, and changes that belong together go there in one transaction. What the driver reads costs the same
however many trials there are. Of a finished trial only what the driver needs stays in memory; `read` brings the rest.

Everything is written under the study's lock, and insisted on while the database is away (see `nas.search.insist`).
"""

# ruff: noqa: D102 - Optuna's `BaseStorage` says what each does

import copy
import json
from collections.abc import Collection, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from optuna.distributions import BaseDistribution, check_distribution_compatibility, distribution_to_json
from optuna.storages import BaseStorage
from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Table, bindparam, select, update

from nas.search.lock import StudyLock
from nas.search.new_trial import NewTrial
from nas.search.trial_rows import (
    PARAMS,
    STEPS,
    SYSTEM_ATTRIBUTES,
    TRIALS,
    USER_ATTRIBUTES,
    VALUES,
    local_time,
    pages,
    read_page,
)
from nas.search.upsert import (
    STUDY_SYSTEM_ATTRIBUTES,
    STUDY_USER_ATTRIBUTES,
    study_attribute,
    unique_columns,
    upsert,
)

KEPT = frozenset({"hash", "verdict", "reference", "mlflow_run_id", "started"})
"""User attributes of finished trials that the driver needs."""


class _Trials:
    """The trials of one study, and which of them wait."""

    def __init__(self, trials: Iterator[FrozenTrial]) -> None:
        self.by_number = {trial.number: trial for trial in trials}
        self.waiting = {trial.number for trial in self.by_number.values() if trial.state == TrialState.WAITING}
        self.domains: dict[str, BaseDistribution] = {}
        for trial in self.by_number.values():
            self.domains |= trial.distributions


class Writer(BaseStorage):
    """An Optuna storage in front of a database that nobody else writes this study's trials to."""

    def __init__(self, lock: StudyLock) -> None:
        self.lock = lock
        self.database = lock.storage
        self._studies: dict[int, _Trials] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._rows: dict[Table, dict[tuple[int, object], dict[str, Any]]] = {}
        self._states: dict[int, dict[str, Any]] = {}
        self._depth = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes made inside are written in one transaction at the end: all of them or, after a crash, none."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._write()

    def read(self, study_id: int) -> Iterator[FrozenTrial]:
        """All trials whole, from the database."""
        self._write_all()
        return self._read(study_id)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        own = self._trials(study_id)
        self._write_all()
        new = NewTrial(study_id, template_trial, newest=max(self._places, default=-1))
        trial = self.lock.insist(lambda: new.make(self.lock))
        self._places[trial._trial_id] = (study_id, trial.number)
        own.by_number[trial.number] = trial
        if trial.state == TrialState.WAITING:
            own.waiting.add(trial.number)
        return trial._trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        trial = self._changed(trial_id)
        domains = self._trials(self._places[trial_id][0]).domains
        check_distribution_compatibility(domains.setdefault(param_name, distribution), distribution)
        shared = domains[param_name] if domains[param_name] == distribution else distribution
        trial.params = {**trial.params, param_name: shared.to_external_repr(param_value_internal)}
        trial.distributions = {**trial.distributions, param_name: shared}
        text = distribution_to_json(distribution)
        self._put(PARAMS, trial_id, param_name, {"param_value": param_value_internal, "distribution_json": text})

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        trial = self._changed(trial_id)
        if state == TrialState.RUNNING and trial.state != TrialState.WAITING:
            return False
        study_id, number = self._places[trial_id]
        self._trials(study_id).waiting.discard(number)
        trial.state, now = state, datetime.now(UTC).replace(tzinfo=None)
        changes: dict[str, Any] = {"state": state}
        if state == TrialState.RUNNING:
            trial.datetime_start, changes["datetime_start"] = local_time(now), now
        if state.is_finished():
            trial.datetime_complete, changes["datetime_complete"] = local_time(now), now
            trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if key in KEPT}
        if values is not None:
            trial.values = list(values)
            for objective, value in enumerate(values):
                stored, kind = models.TrialValueModel.value_to_stored_repr(value)
                self._put(VALUES, trial_id, objective, {"value": stored, "value_type": kind})
        self._states.setdefault(trial_id, {}).update(changes)
        self._write()
        return True

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        trial = self._changed(trial_id)
        trial.intermediate_values = {**trial.intermediate_values, step: intermediate_value}
        stored, kind = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr(intermediate_value)
        self._put(STEPS, trial_id, step, {"intermediate_value": stored, "intermediate_value_type": kind})

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        trial = self._changed(trial_id)
        trial.user_attrs = {**trial.user_attrs, key: value}
        self._put(USER_ATTRIBUTES, trial_id, key, {"value_json": json.dumps(value)})

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        trial = self._changed(trial_id)
        trial.system_attrs = {**trial.system_attrs, key: value}
        self._put(SYSTEM_ATTRIBUTES, trial_id, key, {"value_json": json.dumps(value)})

    def get_trial(self, trial_id: int) -> FrozenTrial:
        study_id, number = self._places[trial_id]
        return self._studies[study_id].by_number[number]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        own = self._trials(study_id)
        if states == (TrialState.WAITING,):
            found = [own.by_number[number] for number in sorted(own.waiting)]
        else:
            found = [trial for trial in own.by_number.values() if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return self._trials(study_id).by_number[trial_number]._trial_id

    def get_trial_number_from_id(self, trial_id: int) -> int:
        return self._places[trial_id][1]

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        def create() -> int:
            with self.lock.begin():  # it is ours
                return self.database.create_new_study(directions, study_name)

        return self.lock.insist(create)

    def delete_study(self, study_id: int) -> None:
        raise NotImplementedError("a driver deletes no study")

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._set_study(STUDY_USER_ATTRIBUTES, study_attribute(study_id, key, value))

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._set_study(STUDY_SYSTEM_ATTRIBUTES, study_attribute(study_id, key, value))

    def get_study_id_from_name(self, study_name: str) -> int:
        return self.lock.insist(lambda: self.database.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id: int) -> str:
        return self.lock.insist(lambda: self.database.get_study_name_from_id(study_id))

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self.lock.insist(lambda: self.database.get_study_directions(study_id))

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self.lock.insist(lambda: self.database.get_study_user_attrs(study_id))

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self.lock.insist(lambda: self.database.get_study_system_attrs(study_id))

    def get_all_studies(self) -> list[FrozenStudy]:
        return self.lock.insist(self.database.get_all_studies)

    def _trials(self, study_id: int) -> _Trials:
        if study_id not in self._studies:
            self.lock.insist(lambda: self.lock.claim(study_id))
            self._studies[study_id] = _Trials(self._read(study_id, KEPT))
            own = self._studies[study_id].by_number
            self._places |= {trial._trial_id: (study_id, number) for number, trial in own.items()}
        return self._studies[study_id]

    def _read(self, study_id: int, kept: Collection[str] | None = None) -> Iterator[FrozenTrial]:
        wanted = select(TRIALS).where(TRIALS.c.study_id == study_id)

        def page(after: int) -> list[FrozenTrial]:
            return self.lock.insist(lambda: read_page(self.database, wanted, kept, after))

        return chain.from_iterable(pages(page))

    def _changed(self, trial_id: int) -> FrozenTrial:
        """The trial, which must not be finished, as a copy that takes its place: others may hold the old one."""
        old = self.get_trial(trial_id)
        self.check_trial_is_updatable(trial_id, old.state)
        study_id, number = self._places[trial_id]
        self._studies[study_id].by_number[number] = new = copy.copy(old)
        return new

    def _put(self, table: Table, trial_id: int, key: object, row: dict[str, Any]) -> None:
        owner, name = unique_columns(table)
        self._rows.setdefault(table, {})[trial_id, key] = {owner: trial_id, name: key, **row}
        self._write()

    def _write(self) -> None:
        if not self._depth:
            self._write_all()

    def _write_all(self) -> None:
        """Write what has gathered, in one transaction. States come last, as they would one by one."""
        if not self._rows and not self._states:
            return
        self.lock.insist(self._write_once)
        self._rows, self._states = {}, {}

    def _write_once(self) -> None:
        verdicts = any(changes["state"].is_finished() for changes in self._states.values())
        with self.lock.begin(lasting=verdicts) as connection:
            for table, rows in self._rows.items():
                connection.execute(upsert(connection.dialect.name, table), list(rows.values()))
            for trial_id, changes in self._states.items():
                connection.execute(_CHANGE.values(changes), {"changed": trial_id})

    def _set_study(self, table: Table, row: dict[str, Any]) -> None:
        def write() -> None:
            with self.lock.begin() as connection:
                connection.execute(upsert(connection.dialect.name, table), [row])

        self.lock.insist(write)


_CHANGE = update(TRIALS).where(TRIALS.c.trial_id == bindparam("changed"))
