"""The audit log as the screens show it: the history of one record, and the words for what an entry says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select

from app import current, display
from app.admin import seen
from app.admin.conflicts import LastChange
from app.admin.guard import allowed, viewer
from app.admin.labels import LABELS
from app.extensions import Base, db
from app.models import AuditEntry, Setting
from app.models.audit import PersonKind
from app.models.choices import ErasureReason, RowScope, SessionEnd
from app.models.types import Kind
from app.permissions import Permission, scope_of
from app.services import history, school_settings
from app.services.audit_capture import person_of
from app.services.contacts import HIDDEN
from app.services.history import Hidden, Told

SHOWN = 50
"""So many entries stand on a record's page; the audit log has them all."""

TABLES: dict[str, LazyString] = {
    "assignment_entry": _l("Assignment"), "background_task": _l("Background task"),
    "calendar_day": _l("Day of the school"), "leave": _l("Leave"), "pool_rule": _l("Pool rules"),
    "campus": _l("Campus"), "course": _l("Course"), "course_class": _l("Class"), "customer": _l("Customer"),
    "department": _l("Department"), "distribution": _l("Distribution"), "employee": _l("Employee"),
    "follow_up": _l("Follow-up record"), "merge": _l("Merge"), "notice": _l("Notice"),
    "role": _l("Role"), "login_session": _l("Session"), "recovery_code": _l("Recovery code"),
    "second_factor": _l("Second factor"), "sales_rank": _l("Sales rank"),
    "notice_channel": _l("Channel of notices"), "notice_delivery": _l("Delivery"),
    "delivered_notice": _l("Delivered notice"), "quiet_hours": _l("Quiet hours"),
    "saved_view": _l("Saved view"), "list_choice": _l("Chosen columns"), "setting": _l("Setting"),
    "transfer": _l("Transfer"), "transfer_line": _l("Transferred customer"), "audit_entry": _l("Audit log")}
"""What people call a row of each table."""

ORIGINS: dict[str, LazyString] = {"job": _l("Job"), "command": _l("Command"), "unknown": _l("Unknown")}
"""What people call the ways in that are no person."""

FACTS: dict[str, LazyString] = {
    "what": _l("What"), "key": _l("Name"), "status": _l("Answer"), "method": _l("Method"), "path": _l("Address"),
    "rows": _l("Rows"), "format": _l("Format"), "filtered": _l("Filtered"), "reason": _l("Reason"),
    "role": _l("Role"), "known": _l("Known"), "session": _l("Session"), "ended_as": _l("Ended"),
    "masked": _l("Without others’ contacts"),
    "merge": _l("Merge"), "customer": _l("Stays"), "with": _l("Merged with")}
"""What people call the facts of an event."""


_CHOSEN: dict[str, type[Kind]] = {"reason": ErasureReason, "ended_as": SessionEnd}
"""The facts that are one of several choices."""


_NUMBERS = ("merge", "customer", "with")
"""The facts that are numbers of rows."""


def may_reveal(entry: AuditEntry) -> bool:
    """Whether whoever looks may see the personal values of everyone of this kind, and so those of any entry."""
    seeing = {PersonKind.CUSTOMER: Permission.CUSTOMER_CONTACTS, PersonKind.EMPLOYEE: Permission.EMPLOYEE_READ}
    return entry.person_kind is not None and scope_of(viewer(), seeing[entry.person_kind]) is RowScope.ALL


def of(row: Base, *, revealed: bool | None = None) -> list[dict[str, Any]] | None:
    """The history of a record, newest first; None for those who may not see histories.

    Args:
        revealed: whether its personal values may be seen; as the reader's permissions say if left out.
    """
    if not allowed(Permission.HISTORY_READ):
        return None
    row_id: int = getattr(row, "id")  # noqa: B009 - not every table has one; those with a page have
    about = person_of(row)
    person = about if about is not None and about[0].value == row.__tablename__ else None
    query = history.of_row(row.__tablename__, row_id, person).limit(SHOWN)
    told = history.told(db.session, db.session.scalars(query),
                        reveal=may_reveal if revealed is None else lambda _entry: bool(revealed))
    return [line(each, row) for each in told]


def last_changes(row: Base, names: Collection[str]) -> dict[str, LastChange]:
    """Who changed these fields of a record last, and when; nothing for those who may not see histories."""
    query = history.of_row(row.__tablename__, getattr(row, "id"), None).limit(SHOWN)  # noqa: B009
    return _last(query, names, lambda told: {name.removesuffix("_id").removesuffix("_code") for name in told.changes}
                 | told.changes.keys())


def last_decisions(names: Collection[str]) -> dict[str, LastChange]:
    """The same for the school's settings, by their names."""
    return _last(history.of_table(Setting.__tablename__).limit(SHOWN), names,
                 lambda told: {str((told.entry.facts or {}).get("key")).removeprefix(school_settings.PREFIX)})


def _last(query: Select[AuditEntry], names: Collection[str],
          changed: Callable[[Told], Collection[str]]) -> dict[str, LastChange]:
    if not names or not allowed(Permission.HISTORY_READ):
        return {}
    found: dict[str, LastChange] = {}
    for told in history.told(db.session, db.session.scalars(query), reveal=lambda _entry: False):
        change = LastChange(_("You") if told.entry.actor_id == viewer().id else who(told), told.entry.at)
        for name in set(changed(told)).intersection(names) - found.keys():
            found[name] = change
    return found


def line(told: Told, row: Base | None = None) -> dict[str, Any]:
    """One entry for a page.

    Args:
        row: whose page it is, which then need not be named.
    """
    entry = told.entry
    itself = row is not None and (entry.table_name, entry.row_id) == (row.__tablename__, getattr(row, "id", None))
    return {"id": entry.id, "at": entry.at, "action": entry.action, "who": who(told),
            "what": None if itself else subject(entry), "changes": changes(told), "facts": facts(entry)}


def who(told: Told) -> str:
    """Who did it: a person by name, else the job, command or visitor."""
    entry = told.entry
    if entry.actor_id is not None:
        return f"{told.actor or ''} #{entry.actor_id}".lstrip()  # two people may bear, or take, the same name
    if entry.origin == "web":
        return str(_("Visitor"))
    kind, _blank, name = entry.origin.partition(" ")
    return f"{ORIGINS.get(kind, kind)} {name}".strip()


def subject(entry: AuditEntry) -> str:
    """What it was done to."""
    if entry.table_name is None:
        return ""
    number = "" if entry.row_id is None else f" #{entry.row_id}"
    return f"{TABLES.get(entry.table_name, entry.table_name)}{number}"


def changes(told: Told) -> list[tuple[str, str, str]]:
    """What changed: label, before and after."""
    found = []
    if told.entry.person_kind is PersonKind.CUSTOMER and told.entry.person_id is not None and told.reveals:
        seen.note(told.entry.person_id)
    for name, change in told.changes.items():
        label = label_of(name)
        if isinstance(change, Hidden):
            found.append((label, "", str(_("erased")) if change.erased else HIDDEN))
        else:
            found.append((label, _shown(change[0]), _shown(change[1])))
    return found


def label_of(name: str) -> str:
    """What people call a column or relationship."""
    return str(LABELS.get(name) or LABELS.get(name.removesuffix("_id").removesuffix("_code")) or name)


def facts(entry: AuditEntry) -> list[tuple[str, str]]:
    """What else there is to know."""
    return [(str(FACTS.get(name, name)), _fact(name, value)) for name, value in (entry.facts or {}).items()]


def _fact(name: str, value: Any) -> str:
    if name in _NUMBERS:
        return f"#{value}"
    return _shown(_CHOSEN[name](value).label if name in _CHOSEN else value)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, dt.datetime):
        return display.moment(value)
    if isinstance(value, dt.date):
        return display.day(value)
    return current.LOCALES.get(str(value), str(value))
