"""Reading the audit log: entries as people are told them, with names instead of numbers and sealed values opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from sqlalchemy import ColumnElement, Date, Select, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from app.extensions import Base
from app.models import AuditAction, AuditEntry, Customer, Employee
from app.models.types import ChoiceType, KindType, UTCDateTime
from app.permissions import permission_choices
from app.services import person_keys
from app.services.person_keys import Person

Names = dict[tuple[type[Base], Any], str]
"""What rows are called, by table and the value that refers to them."""


@dataclass(frozen=True)
class Hidden:
    """Personal values that are not shown: to this reader, or to anyone because the person was erased."""

    erased: bool


@dataclass(frozen=True)
class Told:
    """An entry as it is told.

    Args:
        actor: the name of whoever did it; None for a job, a command or a visitor, whom `entry.origin` names.
        changes: column → values before and after, or Hidden.
    """

    entry: AuditEntry
    actor: str | None
    changes: dict[str, tuple[Any, Any] | Hidden]

    @property
    def reveals(self) -> bool:
        """Whether it tells personal values."""
        return self.entry.sealed is not None and not any(isinstance(each, Hidden) for each in self.changes.values())


def of_row(table: str, row_id: int, person: Person | None) -> Select[AuditEntry]:
    """The entries of one row and, if it is a person's, of everything else about that person; newest first."""
    own: ColumnElement[bool] = (AuditEntry.table_name == table) & (AuditEntry.row_id == row_id)
    if person is not None:
        own = or_(own, (AuditEntry.person_kind == person[0]) & (AuditEntry.person_id == person[1]))
    return select(AuditEntry).where(own).order_by(AuditEntry.id.desc())


WRITING = (AuditAction.CREATED, AuditAction.UPDATED, AuditAction.DELETED)


def last_changes(session: Session, person: Person) -> list[AuditEntry]:
    """The entries that tell of the last change about a person, to any table, newest first.

    What is written together has the same instant.
    """
    last = list(session.scalars(select(AuditEntry).where(
        AuditEntry.person_kind == person[0], AuditEntry.person_id == person[1], AuditEntry.action.in_(WRITING))
        .order_by(AuditEntry.id.desc()).limit(5)))
    return [entry for entry in last if entry.at == last[0].at]


def of_table(table: str) -> Select[AuditEntry]:
    """The entries of all rows of a table; newest first."""
    return select(AuditEntry).where(AuditEntry.table_name == table).order_by(AuditEntry.id.desc())


def told(session: Session, entries: Iterable[AuditEntry], *, reveal: Callable[[AuditEntry], bool]) -> list[Told]:
    """The entries in words; the number of queries does not depend on theirs.

    Args:
        reveal: whether the reader may see the personal values of an entry.
    """
    entries = list(entries)
    keys = person_keys.keys_of(session, {person for entry in entries if (person := person_of(entry))})
    opened = {entry.id: _opened(entry, keys, reveal) for entry in entries}
    names = _names(session, entries, opened)
    return [Told(entry, names.get((Employee, entry.actor_id)), {
        name: each if isinstance(each, Hidden) else _in_words(model_of(entry.table_name), name, each, names)
        for name, each in opened[entry.id].items()}) for entry in entries]


def person_of(entry: AuditEntry) -> Person | None:
    """Whom an entry is about."""
    if entry.person_kind is None or entry.person_id is None:
        return None
    return entry.person_kind, entry.person_id


def model_of(table: str | None) -> type[Base] | None:
    """The class of a table; None if there is no such table any more."""
    return next((mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table), None)


def _opened(entry: AuditEntry, keys: dict[Person, bytes],
            reveal: Callable[[AuditEntry], bool]) -> dict[str, list[Any] | Hidden]:
    """The changes with the sealed ones opened or hidden; secrets are hidden from everyone."""
    person, model = person_of(entry), model_of(entry.table_name)
    values = None
    if entry.sealed is not None and person is not None:
        values = person_keys.unseal(keys.get(person), person, entry.sealed)
    found: dict[str, list[Any] | Hidden] = {}
    for name, change in (entry.changes or {}).items():
        if change is not None:
            found[name] = change
        elif model is not None and model.__table__.columns[name].info.get("secret"):
            found[name] = Hidden(erased=False)
        else:
            shown = values is not None and reveal(entry)
            found[name] = values[name] if values is not None and shown else Hidden(erased=values is None)
    return found


def _names(session: Session, entries: list[AuditEntry], opened: dict[int, dict[str, Any]]) -> Names:
    """What the rows are called that the entries refer to, one query a table."""
    wanted: dict[type[Base], set[Any]] = {Employee: {entry.actor_id for entry in entries if entry.actor_id is not None}}
    for entry in entries:
        model = model_of(entry.table_name)
        for name, change in opened[entry.id].items():
            target = None if model is None else _target(model, name)
            if target is not None and not isinstance(change, Hidden):
                wanted.setdefault(target, set()).update(_referred(change))
    names: Names = {}
    for target, values in wanted.items():
        if values and target is not Customer:  # another customer's name is not this one's history
            column = _key(target)
            names.update({(target, getattr(row, column.key)): str(row)
                          for row in session.scalars(select(target).where(column.in_(values)))})
    return names


def _referred(change: list[Any]) -> set[Any]:
    return {each for side in change for each in (side if isinstance(side, list) else [side]) if each is not None}


def _target(model: type[Base], name: str) -> type[Base] | None:
    """The table whose rows a column or relationship refers to."""
    if name in model.__mapper__.relationships:
        target: type[Base] = model.__mapper__.relationships[name].mapper.class_
        return target if hasattr(target, "id") else None
    column = model.__table__.columns.get(name)
    key = None if column is None else next(iter(column.foreign_keys), None)
    return None if key is None else model_of(key.column.table.name)


def _key(target: type[Base]) -> Any:
    return target.code if target.__tablename__ == "department" else target.id  # type: ignore[attr-defined]


def _in_words(model: type[Base] | None, name: str, change: list[Any], names: Names) -> tuple[Any, Any]:
    before, after = (_value(model, name, side, names) for side in change)
    return before, after


def _value(model: type[Base] | None, name: str, value: Any, names: Names) -> Any:
    """One value as what it was: a date, a choice's label, the name of what it refers to."""
    if value is None or model is None:
        return value
    if isinstance(value, list):
        sentences: dict[str, LazyString] = dict(permission_choices())
        target = _target(model, name)
        return ", ".join(str(names.get((target, each), sentences.get(each, f"#{each}"))) if target is not None
                         else str(sentences.get(each, each)) for each in value)
    target = _target(model, name)
    if target is not None:
        return names.get((target, value), f"#{value}")
    column = model.__table__.columns.get(name)
    return value if column is None else _as_stored(column.type, value)


def _as_stored(kind: TypeEngine[Any], value: Any) -> Any:
    """What JSON made of a column's value, as people read it."""
    if isinstance(kind, ChoiceType):
        return kind.choices(value).label
    if isinstance(kind, KindType):
        return kind.kinds(value).label
    if isinstance(kind, UTCDateTime):
        return dt.datetime.fromisoformat(value)
    return dt.date.fromisoformat(value) if isinstance(kind, Date) else value
