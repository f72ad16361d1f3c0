"""Who changed which pool rule when, from the audit log, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from app import current
from app.admin import history as audit_history
from app.admin.conflicts import LastChange
from app.admin.guard import allowed
from app.admin.labels import LABELS
from app.admin.rule_words import scopes, words
from app.extensions import db
from app.models import AuditAction, PoolRule
from app.permissions import Permission
from app.services import history, pool_rules
from app.services.history import Told
from app.services.pool_rules import Scope
from app.services.rule_book import NAMES
from app.services.rules import DEFAULTS

SHOWN = 30


@dataclass(frozen=True)
class Line:
    """One change: whose rules, by whom, and what became of each."""

    at: dt.datetime
    who: str
    scope: str
    changes: list[tuple[str, str, str]]


def lines() -> list[Line] | None:
    """The last changes, newest first; None for those who may not see histories."""
    if not allowed(Permission.HISTORY_READ):
        return None
    entries = list(db.session.scalars(history.of_table(PoolRule.__tablename__).limit(SHOWN)))
    told = history.told(db.session, entries, reveal=lambda _entry: False)
    whose = _scopes(told)
    return [Line(each.entry.at, audit_history.who(each), whose.get(each.entry.row_id or 0) or f"#{each.entry.row_id}",
                 _changes(each)) for each in told]


def last_changes(scope: Scope, names: Collection[str]) -> Mapping[str, LastChange]:
    """Who changed these rules of a scope last, and when."""
    row = pool_rules.find(db.session, scope)
    return {} if row is None else audit_history.last_changes(row, names)


def _changes(told: Told) -> list[tuple[str, str, str]]:
    """What became of each rule; a set that is not there, or gone, is as the wider one has it."""
    made, gone = told.entry.action is AuditAction.CREATED, told.entry.action is AuditAction.DELETED
    is_school = made and not {"source", "department_code"} & {
        name for name, change in told.changes.items() if isinstance(change, tuple) and change[1] is not None}
    found = []
    for name in NAMES:
        change = told.changes.get(name)
        if isinstance(change, tuple):
            before = getattr(DEFAULTS, name) if is_school else None if made else change[0]
            found.append((str(LABELS[name]), words(name, before), words(name, None if gone else change[1])))
    return [each for each in found if each[1] != each[2]]


def _scopes(told: list[Told]) -> dict[int, str]:
    """Whose the sets are: those that are there say it, of those that are gone their making does."""
    found: dict[int, str] = {}
    for each in told:
        said = {name: next((side for side in change if side is not None), None)
                for name, change in each.changes.items() if isinstance(change, tuple)}
        whose = said.get("source") or said.get("department_code") or said.get("level")
        if whose is not None:
            found[each.entry.row_id or 0] = str(whose)
    titles = {each.scope: each.title for each in scopes(current.rules())}
    for row in db.session.scalars(select(PoolRule).where(PoolRule.id.in_(
            sorted({each.entry.row_id or 0 for each in told})))):
        found[row.id] = titles.get(Scope(row.department_code, row.source)) or str(row.level.label)
    return found
