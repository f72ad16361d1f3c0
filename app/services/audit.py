"""Writing the audit log: who acts, what happened, and what it changed, in the transaction in which it happened.

What the ORM writes is recorded by itself (`audit_capture`). Statements that change many rows at once go past it: their
services call `changed`, and the capture refuses those that are not marked with `AUDITED`. Events that change no row,
such as a login, are recorded with `event`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from app.clock import system_now
from app.extensions import Base
from app.models.audit import AuditAction, AuditEntry, PersonKind
from app.services import person_keys
from app.services.person_keys import Person

AUDITED = {"audited": True}
"""Execution options of a bulk statement whose service records what it changes."""

Changes = dict[str, list[Any]]
"""Column → old and new value, as JSON knows them."""

_ENTRIES = cast(Table, AuditEntry.__table__)
_ACTOR = "actor"
_SUSPENDED = "audit_suspended"


@dataclass(frozen=True)
class Actor:
    """Who acts through a session.

    Args:
        origin: the way in: `web`, `job nightly`, `command expire`.
        now: gives the present instant.
        employee_id: who it is; None for a visitor, a job or a command.
        address: where a request comes from.
    """

    origin: str
    now: Callable[[], dt.datetime] = system_now
    employee_id: int | None = None
    address: str | None = None


UNKNOWN = Actor("unknown")


def act_as(session: Session, actor: Actor | Callable[[], Actor]) -> None:
    """Say who acts through this session from here on; a callable is asked when something is written."""
    session.info[_ACTOR] = actor


def actor_of(session: Session) -> Actor:
    """Who acts through this session."""
    found = session.info.get(_ACTOR, UNKNOWN)
    return found if isinstance(found, Actor) else found()


@contextmanager
def acting(session: Session, employee_id: int) -> Iterator[None]:
    """What is written meanwhile is an employee's own: the session does not know him yet, as at a login."""
    before = session.info.get(_ACTOR)
    act_as(session, replace(actor_of(session), employee_id=employee_id))
    try:
        yield
        session.flush()
    finally:
        if before is None:
            session.info.pop(_ACTOR)
        else:
            act_as(session, before)


def is_known(session: Session) -> bool:
    """Whether anyone has said who acts."""
    return _ACTOR in session.info


@contextmanager
def in_bulk(session: Session, what: str) -> Iterator[None]:
    """Write many rows under one entry that says what was made, instead of one for each."""
    event(session, AuditAction.MADE_BY_BULK, facts={"what": what})
    session.info[_SUSPENDED] = True
    try:
        yield
        session.flush()
    finally:
        session.info.pop(_SUSPENDED, None)


def is_suspended(session: Session) -> bool:
    """Whether rows are being written in bulk."""
    return _SUSPENDED in session.info


@dataclass(frozen=True)
class Change:
    """What was written to one row.

    Args:
        model: the table's class, whose columns say which values are personal or secret.
        row_id: None for a row without a number, which `facts` then names.
        person: whom the row is about, if anyone.
        changes: column → old and new value.
    """

    action: AuditAction
    model: type[Base]
    row_id: int | None
    person: Person | None
    changes: Changes
    facts: dict[str, Any] | None = None


def event(session: Session, action: AuditAction, *, table: str | None = None, row_id: int | None = None,
          person: Person | None = None, actor_id: int | None = None, facts: Mapping[str, Any] | None = None) -> None:
    """Record something that changes no row.

    Args:
        table, row_id: the row it is about, if any.
        person: whose history it belongs to, if anyone's.
        actor_id: who it was, where the session does not know it yet, as at a login.
        facts: what else there is to know; never a personal value.
    """
    session.execute(insert(_ENTRIES), [{
        **_by(actor_of(session)), **({"actor_id": actor_id} if actor_id is not None else {}), "action": action,
        "table_name": table, "row_id": row_id, **_about(person), "facts": dict(facts) if facts else None}])


def changed(session: Session, model: type[Base], rows: Iterable[tuple[int, Person | None, Changes]]) -> None:
    """Record what a bulk statement has changed: the rows by id, whom each is about, and old and new values."""
    record(session, [Change(AuditAction.UPDATED, model, row_id, person, changes) for row_id, person, changes in rows])


def record(session: Session, written: list[Change]) -> None:
    """Add the entries of what was written, personal values sealed, secrets left out."""
    if not written:
        return
    by = _by(actor_of(session))
    keys = person_keys.keys_of(session, {each.person for each in written if each.person and _personal(each)}, make=True)
    rows = []
    for each in written:
        personal = _personal(each)
        sealed = (person_keys.seal(keys[each.person], each.person, personal) if each.person and personal else None)
        rows.append({**by, "action": each.action, "table_name": each.model.__tablename__, "row_id": each.row_id,
                     **_about(each.person), "changes": _in_the_open(each), "facts": each.facts, "sealed": sealed})
    session.execute(insert(_ENTRIES), rows)


def unseen(session: Session, viewer_id: int, customer_ids: Iterable[int], *, since: dt.datetime) -> set[int]:
    """The customers whose contacts someone is not recorded to have seen since an instant."""
    wanted = set(customer_ids)
    return wanted - set(session.scalars(select(AuditEntry.row_id).where(
        AuditEntry.actor_id == viewer_id, AuditEntry.action == AuditAction.SEEN, AuditEntry.at >= since,
        AuditEntry.table_name == "customer", AuditEntry.row_id.in_(wanted))))


def note_seen(session: Session, viewer_id: int, customer_ids: Iterable[int]) -> None:
    """Record whose contacts someone saw unmasked: an entry for each customer, of whom there is one at least."""
    by = _by(actor_of(session)) | {"actor_id": viewer_id, "action": AuditAction.SEEN, "table_name": "customer"}
    session.execute(insert(_ENTRIES), [{**by, "row_id": each, **_about((PersonKind.CUSTOMER, each))}
                                       for each in sorted(customer_ids)])


def _by(actor: Actor) -> dict[str, Any]:
    return {"at": actor.now(), "actor_id": actor.employee_id, "origin": actor.origin, "address": actor.address}


def _about(person: Person | None) -> dict[str, Any]:
    kind, person_id = person or (None, None)
    return {"person_kind": kind, "person_id": person_id}


def _personal(each: Change) -> Changes:
    return {name: values for name, values in each.changes.items() if _info(each.model, name).get("personal")}


def _in_the_open(each: Change) -> dict[str, Any]:
    """The changes without personal values, of which only the column's name stands there, and without secrets."""
    return {name: None if _info(each.model, name).get("personal") or _info(each.model, name).get("secret") else values
            for name, values in each.changes.items()}


def _info(model: type[Base], name: str) -> dict[Any, Any]:
    column = model.__table__.columns.get(name)
    return {} if column is None else column.info
