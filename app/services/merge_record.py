"""What a merge keeps of two customers: their columns, and the rows that refer to one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Date, Table, UniqueConstraint, delete, insert, select, update
from sqlalchemy.orm import Session

from app.extensions import Base
from app.models import Customer, customer_contact, customer_course
from app.models.audit import PersonKind
from app.models.contacts import CONTACT_FIELDS
from app.models.types import ChoiceType
from app.services import audit, audit_capture
from app.services.audit import AUDITED

ABOUT = ("name", "gender", "education", "graduation_school", "major", "experience", "work_status", "company", "salary",
         "source", "campus_id", "referral_from_id")
"""What people wrote about a customer besides contacts and courses: where two differ, one of the values is chosen."""

CHOSEN = ("name", *CONTACT_FIELDS, *ABOUT[1:])
"""All that is chosen from, in the order in which people read it."""

CLOCK = ("status", "consultant_id", "recv_date", "last_consult_date", "public_on", "public_as", "locked_until")
"""What goes together: whose a customer is, and where he stands."""

WHOLE = (*ABOUT, *CONTACT_FIELDS, "other_contacts", *CLOCK, "date")

KEPT_APART = {customer_course.c.customer_id, customer_contact.c.customer_id}
"""Consulted courses are joined, contacts follow the customer's row."""

Values = dict[str, Any]
Moved = dict[str, list[int]]
"""Numbers of rows, by "table.column"."""


def references() -> list[Column[Any]]:
    """The columns that say whom a row belongs to or refers to: each is moved in a merge, and moved back."""
    found = [column for table in Base.metadata.sorted_tables for column in table.columns
             if any(key.column is Customer.__table__.c.id for key in column.foreign_keys)]
    return [column for column in found if column not in KEPT_APART]


def values_of(customer: Customer, names: Iterable[str] = WHOLE) -> Values:
    """Columns of a customer as JSON knows them."""
    return {name: audit_capture.plain(getattr(customer, name)) for name in names}


def put(customer: Customer, values: Values) -> None:
    """Write columns that were kept as JSON knows them."""
    for name, value in values.items():
        setattr(customer, name, value if value is None else _read(Customer.__table__.columns[name], value))


def gone(session: Session, values: Values) -> list[str]:
    """Which kept columns name a row that is no longer there."""
    named = ((name, key.column) for name in values for key in Customer.__table__.columns[name].foreign_keys)
    return [name for name, column in named if values[name] is not None
            and session.scalar(select(column).where(column == values[name])) is None]


def _read(column: ColumnElement[Any], value: Any) -> Any:
    if isinstance(column.type, ChoiceType):
        return column.type.choices(value)
    return dt.date.fromisoformat(value) if isinstance(column.type, Date) else value


def in_words(session: Session, name: str, value: Any) -> str:
    """A value that was kept, as people read it."""
    if value is None:
        return ""
    column = Customer.__table__.columns[name]
    if column.foreign_keys:
        relation = Customer.__mapper__.relationships[name.removesuffix("_id")]
        return str(session.get(relation.mapper.class_, value) or f"#{value}")
    read = _read(column, value)
    return str(getattr(read, "label", read))


def move(session: Session, column: Column[Any], before: int, after: int,
         only: Iterable[int] | None = None) -> list[int]:
    """Let rows refer to another customer, and say which did; the audit log tells of each.

    Args:
        only: of these rows those that refer to the former one still; all if None.
    """
    table: Any = column.table
    chosen = column == before if only is None else (column == before) & table.c.id.in_(list(only))
    ids = sorted(session.scalars(update(table).where(chosen).values({column: after}).returning(table.c.id)
                                 .execution_options(**AUDITED)))
    model = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
    if audit_capture.is_audited(model):
        audit.changed(session, model, [(each, _about(model, each, after), {column.name: [before, after]})
                                       for each in ids])
    return ids


def _about(model: type[Base], row_id: int, customer_id: int) -> tuple[PersonKind, int]:
    """Whom a moved row is about: whom it refers to, or another customer himself."""
    return PersonKind.CUSTOMER, row_id if model is Customer else customer_id


def set_aside(session: Session, merged_id: int, survivor_id: int) -> dict[str, list[Values]]:
    """Take away the rows of which the survivor may have one only and has one; they are put back when it is undone."""
    found = {}
    for column in references():
        table: Any = column.table
        for other in _unique_beside(table, column):
            taken = select(other).where(column == survivor_id)
            rows = session.execute(delete(table).where(column == merged_id, other.in_(taken)).returning(*table.columns))
            kept = [{name: audit_capture.plain(value) for name, value in row._mapping.items()} for row in rows]
            if kept:
                found[table.name] = kept
    return found


def put_back(session: Session, aside: dict[str, list[Values]]) -> None:
    """Put rows that were set aside back to where they were."""
    for name, rows in aside.items():
        session.execute(insert(Base.metadata.tables[name]).execution_options(**AUDITED), rows)


def _unique_beside(table: Table, column: Column[Any]) -> Iterator[Column[Any]]:
    """With which column of a table the customer is unique."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and column in constraint.columns.values():
            yield from (each for each in constraint.columns if each is not column)
