"""The audit log: to be searched, never to be changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, select

from app import current
from app.admin import history
from app.admin.base import FORMATTERS, Access, TableView
from app.admin.filters import Filter, From, Is, Quick, Until, is_choice, quick_choices
from app.admin.labels import LABELS
from app.extensions import db
from app.models import AuditAction, AuditEntry, Employee
from app.models.choices import RowScope
from app.permissions import Permission
from app.services.history import Told
from app.services.history import told as told_of
from app.web import whole_number

FIRST_YEAR, LAST_YEAR = 1970, 9000


class Number(Filter):
    """The column is a number."""

    def accepts(self, value: str) -> bool:
        return whole_number(value) is not None

    def read(self, value: str) -> int:
        return int(value)

    def compare(self, column: Any, value: int) -> Any:
        return column == value

    def operation(self) -> Any:
        return _l("is")


class _InstantOfDay(Filter):
    """Compares an instant with a business date of this age."""

    def accepts(self, value: str) -> bool:
        return super().accepts(value) and FIRST_YEAR <= dt.date.fromisoformat(value).year <= LAST_YEAR


class SinceDay(_InstantOfDay, From):
    """An instant on this business date or later."""

    def compare(self, column: Any, value: dt.date) -> Any:
        return column >= current.clock().instant(value)


class UntilDay(_InstantOfDay, Until):
    """An instant on this business date or earlier."""

    def compare(self, column: Any, value: dt.date) -> Any:
        return column < current.clock().instant(value + dt.timedelta(days=1))


def _employees() -> list[tuple[str, str]]:
    rows = db.session.execute(select(Employee.id, Employee.name).order_by(Employee.name))
    return [(str(employee_id), name) for employee_id, name in rows]


def _told(entry: AuditEntry) -> Told:
    """The entry in words: worked out once for all rows of a page."""
    ready: dict[int, Told] = g.setdefault("told", {})
    if entry.id not in ready:
        (ready[entry.id],) = told_of(db.session, [entry], reveal=history.may_reveal)
    return ready[entry.id]


def _who(_view: Any, _context: Any, entry: AuditEntry, _name: str) -> str:
    return history.who(_told(entry))


def _what(_view: Any, _context: Any, entry: AuditEntry, _name: str) -> str:
    return history.subject(entry) or "—"


def _changes(_view: Any, _context: Any, entry: AuditEntry, _name: str) -> Markup:
    lines = [Markup("<li><b>{}</b> {} → {}</li>").format(*change) for change in history.changes(_told(entry))]
    lines += [Markup("<li><b>{}</b> {}</li>").format(*fact) for fact in history.facts(entry)]
    return Markup('<ul class="changes">{}</ul>').format(Markup("").join(lines)) if lines else Markup("—")


def _changes_as_text(_view: Any, _context: Any, entry: AuditEntry, _name: str) -> str:
    said = [f"{label}: {before} → {after}" for label, before, after in history.changes(_told(entry))]
    return "; ".join(said + [f"{label}: {value}" for label, value in history.facts(entry)])


class AuditView(TableView):
    """Who did what and when. Personal values are opened for those who may see them anyway."""

    group, order, menu_title = "settings", 80, _l("Audit log")
    access = Access(Permission.AUDIT_READ, export=Permission.AUDIT_READ)
    about = _l("Every change, login, refusal and export is written down here.")
    column_lead = "at"
    column_list = column_export_list = column_details_list = (
        "at", "actor_id", "action", "table_name", "changes", "address")
    column_optional = ("id",)
    column_labels = LABELS | {"actor_id": _l("Who"), "action": _l("What happened"), "table_name": _l("To what"),
                              "changes": _l("Changes"), "address": _l("From where")}
    column_formatters = column_formatters_detail = {"actor_id": _who, "table_name": _what, "changes": _changes}
    column_formatters_export = {"actor_id": _who, "table_name": _what, "changes": _changes_as_text}
    column_type_formatters_detail = FORMATTERS  # evidence: exact, not "yesterday"
    column_sortable_list = ("at",)
    column_default_sort = ("id", True)
    column_filters = (
        is_choice(AuditEntry.action, _l("What happened"), AuditAction),
        Is(AuditEntry.actor_id, _l("Who"), _employees, int),
        Is(AuditEntry.table_name, _l("To what"), lambda: list(history.TABLES.items())),
        Number(AuditEntry.row_id, _l("Number")),
        SinceDay(AuditEntry.at, LABELS["at"], data_type="datepicker"),
        UntilDay(AuditEntry.at, LABELS["at"], data_type="datepicker"))
    quick_filters = (Quick(_l("Today"), at_from=current.today), *quick_choices("action", (
        AuditAction.REFUSED, AuditAction.LOGIN_FAILED, AuditAction.EXPORTED, AuditAction.SEEN)))

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        """By who did it: what jobs, commands and visitors did is for those who see it all."""
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            colleagues = select(Employee.id).where(Employee.department_code == employee.department_code)
            return AuditEntry.actor_id.in_(colleagues)
        return AuditEntry.actor_id == employee.id

    def on_listed(self, rows: list[Any]) -> None:
        """The entries are put into words all at once."""
        super().on_listed(rows)
        g.told = {each.entry.id: each for each in told_of(db.session, rows, reveal=history.may_reveal)}
