"""Rows that are written once or again with the same outcome, in both databases."""

import json
from functools import cache
from typing import Any

from optuna.storages._rdb import models
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite

STUDY_USER_ATTRIBUTES: Table = models.StudyUserAttributeModel.__table__
STUDY_SYSTEM_ATTRIBUTES: Table = models.StudySystemAttributeModel.__table__


@cache
def upsert(dialect: str, table: Table) -> Any:
    """The statement that writes a row, new or changed. To put it together takes longer than to run it."""
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](table)
    unique = unique_columns(table)
    changed = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(
        index_elements=unique, set_={name: value for name, value in changed.items() if name not in unique}
    )


@cache
def unique_columns(table: Table) -> tuple[str, ...]:
    """Names of the columns that tell rows apart, the owner's id first."""
    [constraint] = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return tuple(constraint.columns.keys())


def study_attribute(study_id: int, key: str, value: Any) -> dict[str, Any]:
    """The row of a study's attribute."""
    return {"study_id": study_id, "key": key, "value_json": json.dumps(value)}
