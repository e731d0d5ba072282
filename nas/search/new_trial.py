"""A new trial in the database, once: after a lost connection it is looked for before it is made again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Table, func, select

from nas.search.lock import StudyLock
from nas.search.trial_rows import SYSTEM_ATTRIBUTES, TRIALS, USER_ATTRIBUTES, local_time, read_trials
from nas.search.upsert import upsert

_STUDIES: Table = models.StudyModel.__table__


@dataclass
class NewTrial:
    """One that begins to run now, or waits with the attributes of a template.

    newest: the highest id of a trial that is known; what was made in vain stands after it.
    """

    study_id: int
    template: FrozenTrial | None
    newest: int

    def __post_init__(self) -> None:
        self._began = None if self.template else datetime.now(UTC).replace(tzinfo=None)
        self._tried = False

    def make(self, lock: StudyLock) -> FrozenTrial:
        """The trial as it stands in the database now. To be called again where that was in doubt."""
        made = self._made(lock.storage) if self._tried else None
        self._tried = True
        if made is not None:
            return made
        with lock.begin() as connection:
            trial_id, number = self._insert(connection)
        trial = self._bare()
        trial.number, trial._trial_id = number, trial_id
        return trial

    def _made(self, storage: RDBStorage) -> FrozenTrial | None:
        own = _identity(self._bare())
        return next(
            (t for t in read_trials(storage, self.study_id, newer_than=self.newest) if _identity(t) == own), None
        )

    def _bare(self) -> FrozenTrial:
        given = self.template
        return FrozenTrial(
            number=-1,
            state=TrialState.WAITING if given else TrialState.RUNNING,
            value=None,
            datetime_start=local_time(self._began),
            datetime_complete=None,
            params={},
            distributions={},
            user_attrs=dict(given.user_attrs) if given else {},
            system_attrs=dict(given.system_attrs) if given else {},
            intermediate_values={},
            trial_id=-1,
        )

    def _insert(self, connection: Connection) -> tuple[int, int]:
        """Id and number. The study's row is locked as Optuna does it, so that others may queue trials meanwhile."""
        connection.execute(select(_STUDIES.c.study_id).where(_STUDIES.c.study_id == self.study_id).with_for_update())
        bare = self._bare()
        number = select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == self.study_id).scalar_subquery()
        row = {"study_id": self.study_id, "number": number, "state": bare.state, "datetime_start": self._began}
        made = connection.execute(TRIALS.insert().values(row).returning(TRIALS.c.trial_id, TRIALS.c.number)).one()
        for table, attributes in ((USER_ATTRIBUTES, bare.user_attrs), (SYSTEM_ATTRIBUTES, bare.system_attrs)):
            rows = [
                {"trial_id": made.trial_id, "key": key, "value_json": json.dumps(value)}
                for key, value in attributes.items()
            ]
            if rows:
                connection.execute(upsert(connection.dialect.name, table), rows)
        return made.trial_id, made.number


def _identity(trial: FrozenTrial) -> tuple[Any, ...]:
    """What tells it from others that somebody may have queued; attributes as they are stored."""
    return trial.state, trial.datetime_start, json.dumps([trial.user_attrs, trial.system_attrs], sort_keys=True)
