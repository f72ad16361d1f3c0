"""The capture: every write through the ORM leaves old and new values in the audit log, in the same transaction.

It listens to all sessions, so no service, screen or job can forget it. What an entry says is taken from the mapping:
columns marked as personal are sealed, secret ones only named. A table that says `__audited__ = False` is left out.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, event, inspect, select
from sqlalchemy.orm import InstanceState, ORMExecuteState, RelationshipProperty, Session
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from app.extensions import Base
from app.models.audit import AuditAction
from app.services import audit
from app.services.audit import Change, Changes

_OLD = "audit_old_values"


def listen() -> None:
    """Begin to listen; once is enough."""
    listeners = (("before_flush", _look_up_old_values), ("after_flush", _record), ("do_orm_execute", _refuse))
    for name, listener in listeners:
        if not event.contains(Session, name, listener):
            event.listen(Session, name, listener)


def is_audited(model: type[Any]) -> bool:
    """Whether writes to a table are recorded."""
    return issubclass(model, Base) and getattr(model, "__audited__", True)


def _refuse(state: ORMExecuteState) -> None:
    """A statement that changes rows of an audited table past the ORM must say that its service records it."""
    if not (state.is_insert or state.is_update or state.is_delete) or not audit.is_known(state.session):
        return
    mapper = state.bind_mapper
    unsaid = not state.execution_options.get("audited") and not audit.is_suspended(state.session)
    if mapper is not None and is_audited(mapper.class_) and unsaid:
        raise RuntimeError(f"a statement changes {mapper.class_.__name__} past the audit log")


def _look_up_old_values(session: Session, _context: object, _instances: object) -> None:
    """Values that were set without having been read, as on an expired row, are read now: they are the old ones."""
    found: dict[int, dict[str, Any]] = {}
    if not audit.is_suspended(session):
        for row in session.dirty:
            if not is_audited(type(row)):
                continue
            state: InstanceState[Any] = inspect(row)
            unread = [name for name in _columns(state) if _is_unread(state, name)]
            if unread:
                columns = [state.mapper.attrs[name] for name in unread]
                identity = state.mapper.primary_key
                old = session.execute(select(*columns).where(*(
                    column == value for column, value in zip(identity, state.identity or (), strict=True)))).one()
                found[id(state)] = dict(zip(unread, old, strict=True))
    session.info[_OLD] = found


def _is_unread(state: InstanceState[Any], name: str) -> bool:
    history = state.get_history(name, PASSIVE_NO_INITIALIZE)
    return bool(history.added) and not history.deleted and not history.unchanged


def _record(session: Session, _context: object) -> None:
    old = session.info.pop(_OLD, {})
    if audit.is_suspended(session):
        return
    written = [change for rows, action in ((session.new, AuditAction.CREATED), (session.dirty, AuditAction.UPDATED),
                                           (session.deleted, AuditAction.DELETED))
               for row in rows if is_audited(type(row)) and (change := _change(row, action, old)) is not None]
    audit.record(session, written)


def _change(row: Any, action: AuditAction, old: dict[int, dict[str, Any]]) -> Change | None:
    state: InstanceState[Any] = inspect(row)
    if action is AuditAction.DELETED:
        changes = {name: [plain(state.dict.get(name)), None] for name in _columns(state)
                   if state.dict.get(name) is not None}
    else:
        changes = _changes(state, old.get(id(state), {}))
    if not changes:
        return None
    model, row_id = type(row), getattr(row, "id", None)
    facts = None if row_id is not None else {"key": ", ".join(str(part) for part in state.identity or state.mapper
                                                              .primary_key_from_instance(row))}
    return Change(action, model, row_id, person_of(row), changes, facts)


def person_of(row: Any) -> tuple[Any, int] | None:
    """Whom a row is about, as its table says in `__person__`."""
    about = getattr(row, "__person__", None)
    if about is None:
        return None
    kind, column = about
    return kind, getattr(row, column)


def _changes(state: InstanceState[Any], unread: dict[str, Any]) -> Changes:
    changes: Changes = {}
    for name in _columns(state):
        history = state.get_history(name, PASSIVE_NO_INITIALIZE)
        if not history.added:
            continue
        before = plain(unread[name] if name in unread else next(iter(history.deleted or ()), None))
        after = plain(history.added[0])
        if before != after:
            changes[name] = [before, after]
    for relation in _collections(state):
        history = state.get_history(relation.key, PASSIVE_NO_INITIALIZE)
        if history.added or history.deleted:
            changes[relation.key] = [[_identity(each) for each in history.deleted or ()],
                                     [_identity(each) for each in history.added or ()]]
    return changes


def _columns(state: InstanceState[Any]) -> list[str]:
    return [attribute.key for attribute in state.mapper.column_attrs if isinstance(attribute.columns[0], Column)]


def _collections(state: InstanceState[Any]) -> list[RelationshipProperty[Any]]:
    """The relationships whose links have no audited row of their own."""
    return [relation for relation in state.mapper.relationships if relation.uselist and (
        relation.secondary is not None or not is_audited(relation.mapper.class_))]


def _identity(row: Any) -> Any:
    number = getattr(row, "id", None)
    return str(row) if number is None else number


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What differs between the values of a row before and after a statement."""
    return {name: [plain(before[name]), plain(value)] for name, value in after.items() if before[name] != value}


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
