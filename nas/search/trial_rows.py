"""Trials read straight from Optuna's tables, a page at a time: a tenth of what its object mapper takes for as many."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Row, Select, or_, select

TRIALS = models.TrialModel.__table__
PARAMS = models.TrialParamModel.__table__
VALUES = models.TrialValueModel.__table__
STEPS = models.TrialIntermediateValueModel.__table__
USER_ATTRIBUTES = models.TrialUserAttributeModel.__table__
SYSTEM_ATTRIBUTES = models.TrialSystemAttributeModel.__table__

TABLES = (TRIALS, PARAMS, VALUES, STEPS, USER_ATTRIBUTES, SYSTEM_ATTRIBUTES)

PAGE = 200
_NONE: frozenset[int] = frozenset()
_UNFINISHED = (TrialState.RUNNING, TrialState.WAITING)


def read_trials(
    storage: RDBStorage,
    study_id: int,
    kept: Collection[str] | None = None,
    newer_than: int = -1,
    also: Set[int] = _NONE,
) -> Iterator[FrozenTrial]:
    """The trials of a study in order of their ids, as they stand in the database now.

    kept: names of the user attributes that are read of finished trials; None for all. Unfinished ones come whole.
    newer_than: the id after which trials are wanted; also: ids of wanted ones before it.
    """
    wanted = select(TRIALS).where(TRIALS.c.study_id == study_id)
    if newer_than >= 0:
        wanted = wanted.where(or_(TRIALS.c.trial_id > newer_than, TRIALS.c.trial_id.in_(also)))
    return chain.from_iterable(pages(lambda after: read_page(storage, wanted, kept, after)))


def pages(read: Callable[[int], list[FrozenTrial]]) -> Iterator[list[FrozenTrial]]:
    """Pages in order; `read` returns that after a trial's id."""
    after = -1
    while page := read(after):
        yield page
        if len(page) < PAGE:
            return
        after = page[-1]._trial_id


def read_page(storage: RDBStorage, wanted: Select[Any], kept: Collection[str] | None, after: int) -> list[FrozenTrial]:
    """The first of the wanted trials whose ids come after that one, PAGE of them at most."""
    with storage.engine.connect() as connection:
        query = wanted.where(TRIALS.c.trial_id > after).order_by(TRIALS.c.trial_id).limit(PAGE)
        return list(_page(connection, connection.execute(query).all(), kept))


def _page(connection: Connection, rows: Sequence[Row[Any]], kept: Collection[str] | None) -> Iterator[FrozenTrial]:
    ids = [row.trial_id for row in rows]
    whole = ids if kept is None else [row.trial_id for row in rows if row.state in _UNFINISHED]

    def of(table: Any) -> Select[Any]:
        return select(table).where(table.c.trial_id.in_(ids))

    user = of(USER_ATTRIBUTES)
    if kept is not None:
        user = user.where(or_(USER_ATTRIBUTES.c.key.in_(kept), USER_ATTRIBUTES.c.trial_id.in_(whole)))
    found = {
        "params": _by_trial(connection, of(PARAMS).order_by(PARAMS.c.param_id)),
        "values": _by_trial(connection, of(VALUES).order_by(VALUES.c.objective)),
        "steps": _by_trial(connection, of(STEPS)),
        "user": _by_trial(connection, user),
        "system": _by_trial(connection, of(SYSTEM_ATTRIBUTES)),
    }
    for row in rows:
        yield _frozen(row, {name: rows_of[row.trial_id] for name, rows_of in found.items()})


def _by_trial(connection: Connection, query: Select[Any]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.trial_id].append(row)
    return found


def _frozen(row: Row[Any], own: dict[str, list[Row[Any]]]) -> FrozenTrial:
    distributions = {param.param_name: _distribution(param.distribution_json) for param in own["params"]}
    from_value = models.TrialValueModel.stored_repr_to_value
    from_step = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    return FrozenTrial(
        number=row.number,
        state=row.state,
        value=None,
        values=[from_value(value.value, value.value_type) for value in own["values"]] or None,
        datetime_start=local_time(row.datetime_start),
        datetime_complete=local_time(row.datetime_complete),
        params={
            param.param_name: distributions[param.param_name].to_external_repr(param.param_value)
            for param in own["params"]
        },
        distributions=distributions,
        user_attrs={attribute.key: json.loads(attribute.value_json) for attribute in own["user"]},
        system_attrs={attribute.key: json.loads(attribute.value_json) for attribute in own["system"]},
        intermediate_values={
            step.step: from_step(step.intermediate_value, step.intermediate_value_type) for step in own["steps"]
        },
        trial_id=row.trial_id,
    )


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    """One object for all trials that have it."""
    return json_to_distribution(text)


def local_time(moment: datetime | None) -> datetime | None:
    """Optuna stores UTC and speaks local time, both without their zone."""
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
