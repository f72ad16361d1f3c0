"""Who is logged in, from where; and ending it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext, pgettext
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Query, joinedload

from app import current
from app.admin import forms
from app.admin.base import Access, TableView, asked_for, table_action
from app.admin.filters import Is, Quick, is_choice
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Employee, LoginSession
from app.models.choices import RowScope, SessionEnd
from app.permissions import Permission
from app.services import roles, sessions


class IsLive(Is):
    """Whether somebody is logged in by it now."""

    def compare(self, column: Any, value: Any) -> Any:
        live = sessions.alive(now=current.now(), settings=current.school()) & LoginSession.employee.has(Employee.active)
        return live if value == "1" else ~live


def _state(_view: Any, _context: Any, login: LoginSession, _name: str) -> Any:
    """Whether it lives, or how it ended, noted or not."""
    return sessions.dead_as(login, now=current.now(), settings=current.school()) or pgettext("session", "In use")


class SessionView(TableView):
    """Login sessions, the last used first. `?employee=ID` shows one person's, as linked from his page."""

    group, order, menu_title = "people", 40, _l("Sessions")
    access = Access(Permission.SESSION_READ)
    form = forms.BaseForm
    can_view_details = False
    column_display_pk = False
    column_labels = LABELS | {"created_at": _l("Logged in since")}
    about = _l("Who is logged in where. A session that looks wrong can be ended from here.")
    list_arguments = ("employee",)
    column_lead = "employee"
    column_list = ("employee", "ended_as", "last_seen_at", "created_at", "address", "user_agent")
    column_formatters = {"ended_as": _state}
    column_sortable_list = ("last_seen_at", "created_at")
    column_default_sort = ("last_seen_at", True)
    column_searchable_list = ("employee.name", "employee.username", "address")
    column_related = (joinedload(LoginSession.employee),)
    column_filters = (
        IsLive(LoginSession.ended_at, lazy_pgettext("session", "In use"), lambda: [("1", _l("Yes")), ("0", _l("No"))])
        .named("live"),
        is_choice(LoginSession.ended_as, LABELS["ended_as"], SessionEnd))
    quick_filters = (Quick(lazy_pgettext("session", "In use"), live=True), Quick(_l("Closed"), live=False))

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            return LoginSession.employee.has(Employee.department_code == employee.department_code)
        return LoginSession.employee_id == employee.id

    def _scoped(self, query: Query[Any]) -> Query[Any]:
        query = super()._scoped(query)
        employee_id = asked_for("employee") if request.method == "GET" else None
        return query if employee_id is None else query.filter(LoginSession.employee_id == employee_id)

    @table_action("revoke", _l("Log out there"), Permission.SESSION_REVOKE,
                  _l("End the chosen sessions? Whoever is logged in by them has to log in again."))
    def action_revoke(self, ids: list[str]) -> None:
        """End the chosen sessions: all of them, or none if one is of somebody the viewer does not manage."""
        live = [login for login in self.get_several(ids) if login.ended_at is None]
        for employee in {login.employee for login in live}:
            roles.check_may_manage(viewer(), employee)
        for login in live:
            sessions.end(login, SessionEnd.REVOKED, now=current.now())
        db.session.commit()
        flash(ngettext("%(num)d session has ended.", "%(num)d sessions have ended.", len(live)), "success")
