"""Everything that is held about one person, for that person to read.

What belongs to it is derived from the mapping (see `persons`): all columns of all tables about such people but secrets,
and every entry of the audit log about him, opened.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import RelationshipDirection, Session

from app.extensions import Base
from app.models import AuditEntry, Customer
from app.models.audit import PersonKind
from app.models.types import Choice, Kind
from app.services import erasure, history, merges, persons
from app.services.history import Hidden, Told
from app.services.person_keys import Person

Row = dict[str, Any]
"""Column or relationship → value as people read it; instants and dates as they are."""


@dataclass(frozen=True)
class Part:
    """What one table holds about the person.

    Args:
        personal: the columns that are emptied when he is erased.
        deleted: whether the rows are then deleted instead.
    """

    table: str
    rows: list[Row]
    personal: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True)
class PersonalData:
    """Everything about one person: what the tables hold, and what has happened, oldest first."""

    person: Person
    parts: list[Part]
    log: list[Told]


def parts_of(session: Session, person: Person) -> list[Part]:
    """What the tables hold about a person, his own row first."""
    kind, person_id = person
    return [Part(model.__tablename__, [_told(row) for row in persons.rows_about(session, model, person_id)],
                 (*persons.columns(model, "personal"), *(erasure.TAKEN_OFF[kind] if persons.is_own(model) else ())),
                 erasure.is_deleted(model))
            for model in persons.tables_about(kind)]


def collect(session: Session, person: Person) -> PersonalData:
    """Everything about a person; of an employee's own doings only what is about nobody else."""
    kind, person_id = person
    ids = {person_id} | ({each.merged_id for each in merges.merges_into(session, person_id)}
                         if kind is PersonKind.CUSTOMER else set())
    about: ColumnElement[bool] = and_(AuditEntry.person_kind == kind, AuditEntry.person_id.in_(ids))
    if kind is PersonKind.EMPLOYEE:
        about = or_(about, and_(AuditEntry.actor_id == person_id, AuditEntry.person_kind.is_(None)))
    entries = session.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id))
    return PersonalData(person, parts_of(session, person), history.told(session, entries, reveal=lambda _entry: True))


def as_json(data: PersonalData) -> dict[str, Any]:
    """The data for programs: values in words, instants and dates in ISO 8601."""
    kind, person_id = data.person
    return {"person": {"kind": kind.value, "id": person_id},
            "tables": {part.table: [{name: _plain(value) for name, value in row.items()} for row in part.rows]
                       for part in data.parts},
            "log": [_entry_as_json(told) for told in data.log]}


def _entry_as_json(told: Told) -> dict[str, Any]:
    entry = told.entry
    return {"at": _plain(entry.at), "who": told.actor or entry.origin, "address": entry.address,
            "action": entry.action.value, "table": entry.table_name, "row": entry.row_id, "facts": entry.facts,
            "changes": {name: None if isinstance(change, Hidden) else [_plain(side) for side in change]
                        for name, change in told.changes.items()}}


def _told(row: Any) -> Row:
    """A row with names in place of references; of another customer only the number is told."""
    model: type[Base] = type(row)
    secrets = persons.columns(model, "secret")
    found: Row = {}
    references = {column.key: relation for relation in model.__mapper__.relationships
                  if relation.direction is RelationshipDirection.MANYTOONE for column in relation.local_columns}
    for attribute in model.__mapper__.column_attrs:
        relation = references.get(attribute.key)
        if attribute.key in secrets:
            continue
        if relation is None:
            found[attribute.key] = getattr(row, attribute.key)
        else:
            found[relation.key] = _name(getattr(row, relation.key))
    for relation in model.__mapper__.relationships:
        if relation.secondary is not None:
            found[relation.key] = ", ".join(str(each) for each in getattr(row, relation.key))
    return found


def _name(referred: Any) -> str | None:
    if referred is None:
        return None
    return f"#{referred.id}" if isinstance(referred, Customer) else str(referred)


def _plain(value: Any) -> Any:
    if isinstance(value, (Choice, Kind)):
        return str(value.label)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
