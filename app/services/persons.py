"""Where the data of a person stand: derived from the mapping, so that a new table or column is covered by itself.

A table about people says in `__person__` which; a column with personal values, or with a secret, says so in its `info`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.errors import ConflictError
from app.extensions import Base
from app.models import Customer, Employee
from app.models.audit import PersonKind


def tables_about(kind: PersonKind) -> list[type[Base]]:
    """The tables about people of a kind: their own first, then the others by name."""
    found = [mapper.class_ for mapper in Base.registry.mappers
             if getattr(mapper.class_, "__person__", (None,))[0] is kind]
    return sorted(found, key=lambda model: (not is_own(model), model.__tablename__))


def is_own(model: type[Base]) -> bool:
    """Whether a table has the people themselves in its rows."""
    return owner(model).key == "id"


def own_table(kind: PersonKind) -> type[Base]:
    """The table of the people themselves."""
    return tables_about(kind)[0]


def owner(model: type[Base]) -> InstrumentedAttribute[int]:
    """The column that says whom a row is about."""
    _kind, name = model.__person__  # type: ignore[attr-defined]
    found: InstrumentedAttribute[int] = getattr(model, name)
    return found


def rows_about(session: Session, model: type[Base], person_id: int) -> Sequence[Any]:
    """The rows of a table about one person, in the order they were made."""
    return session.scalars(select(model).where(owner(model) == person_id)
                           .order_by(*model.__mapper__.primary_key)).unique().all()


def columns(model: type[Base], mark: str) -> dict[str, Column[Any]]:
    """The columns of a table that are marked `personal` or `secret`, by their attribute's name."""
    return {attribute.key: attribute.columns[0] for attribute in model.__mapper__.column_attrs  # type: ignore[misc]
            if attribute.columns[0].info.get(mark)}


def check_not_erased(person: Customer | Employee) -> None:
    """Whoever was erased stays so: nothing is written about him any more.

    Raises:
        ConflictError: he was.
    """
    if person.erased_on is not None:
        raise ConflictError(_l("%(name)s was erased: nothing can be entered here any more.", name=person.name))
