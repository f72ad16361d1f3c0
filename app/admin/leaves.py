"""Leave: asked for by consultants, decided by managers. Approved leave pauses the clocks of one's customers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.model.template import TemplateLinkRowAction
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload
from wtforms import Form

from app import current, web
from app.admin import forms, options
from app.admin.base import Access, TableView, badge
from app.admin.filters import Is, is_choice, period, quick_choices
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.errors import DomainError
from app.extensions import db
from app.models import Employee, Leave
from app.models.choices import LeaveState, RowScope
from app.permissions import Permission, scope_of_all
from app.services import leave_decisions

TONES = {LeaveState.REQUESTED: "warn", LeaveState.APPROVED: "good", LeaveState.DECLINED: "bad"}


def _on_offer() -> Select[Any]:
    """Whose leave whoever asks may enter: his own, and that of the consultants he decides for."""
    scope = scope_of_all(viewer(), Permission.LEAVE_READ, Permission.LEAVE_APPROVE)
    if scope is RowScope.ALL:
        return options.consultants()
    if scope is RowScope.DEPARTMENT:
        return options.consultants().where(Employee.department_code == viewer().department_code)
    return select(Employee).where(Employee.id == viewer().id)


class LeaveForm(forms.BaseForm):
    """A leave. Left empty it is one's own; another's is approved as it is entered."""

    employee = forms.one("employee", _on_offer, required=False, description=_l(
        "Left empty: your own. Another’s leave is approved as you enter it."))
    first_on = forms.day(Leave.first_on)
    last_on = forms.day(Leave.last_on, description=_l("The last day away."))
    reason = forms.text(Leave.reason)


def _state(_view: Any, _context: Any, row: Leave, _name: str) -> Any:
    return badge(row.state.label, TONES[row.state])


class LeaveView(TableView):
    """Nobody decides on his own. What was asked for is withdrawn, what was decided stays."""

    group, order, menu_title = "sell", 70, _l("Leave")
    access = Access(Permission.LEAVE_READ, create=Permission.LEAVE_REQUEST, delete=Permission.LEAVE_REQUEST,
                    export=Permission.LEAVE_READ)
    needs = {"approve_view": Permission.LEAVE_APPROVE, "decline_view": Permission.LEAVE_APPROVE}
    new_title = _l("New leave")
    form = LeaveForm
    form_groups = (
        (_l("Who is away, and why"), ("employee", "reason")),
        (_l("When"), ("first_on", "last_on")))
    details_template = "admin/leave/details.html"
    column_extra_row_actions = [TemplateLinkRowAction("row_actions.approve_leave"),
                                TemplateLinkRowAction("row_actions.decline_leave")]
    about = _l("While a consultant is on approved leave no day counts for the customers he holds, and new leads pass "
               "him over.")
    column_lead = "employee"
    column_list = ("employee", "first_on", "last_on", "state", "reason", "decided_by")
    column_optional = ("id",)
    column_export_list = column_details_list = ("id", *column_list)
    column_formatters = column_formatters_detail = {"state": _state}
    column_sortable_list = ("id", "first_on", "last_on")
    column_default_sort = ("first_on", True)
    column_searchable_list = ("employee.name",)
    column_related = (joinedload(Leave.employee), joinedload(Leave.decided_by))
    column_filters = (is_choice(Leave.state, LABELS["state"], LeaveState),
                      Is(Leave.employee_id, LABELS["employee"], options.consultant_options, int),
                      *period(Leave.first_on, LABELS["first_on"]))
    quick_filters = quick_choices("state", LeaveState)

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            return Leave.employee.has(Employee.department_code == employee.department_code)
        return Leave.employee_id == employee.id

    def create_form(self, obj: Any = None) -> Form:
        """Who decides for nobody enters his own."""
        form = super().create_form(obj)
        if scope_of_all(viewer(), Permission.LEAVE_READ, Permission.LEAVE_APPROVE) in (None, RowScope.OWN):
            del form.employee
        return form

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        chosen = form.employee.data if "employee" in form else None
        model.employee_id = (chosen or viewer()).id
        model.employee = chosen or viewer()
        model.first_on, model.last_on, model.reason = form.first_on.data, form.last_on.data, form.reason.data
        leave_decisions.enter(db.session, model, viewer(), today=current.today())
        return model

    def erase(self, model: Any) -> None:
        leave_decisions.withdraw(db.session, model.id, viewer())

    def may_delete(self, row: Leave) -> bool:
        return super().may_delete(row) and row.employee_id == viewer().id and row.state is LeaveState.REQUESTED

    def may_decide(self, row: Leave, state: str) -> bool:
        """Whether a leave offers to be approved or declined."""
        undone = row.state is LeaveState.REQUESTED or (row.state is LeaveState.APPROVED and state == "declined")
        return (undone and row.employee_id != viewer().id and self._reaches(Permission.LEAVE_APPROVE, row))

    @expose("/approve/", methods=("POST",))
    def approve_view(self) -> ResponseReturnValue:
        """Approve a leave: its days no longer count for the consultant's customers."""
        return self._decide(LeaveState.APPROVED)

    @expose("/decline/", methods=("POST",))
    def decline_view(self) -> ResponseReturnValue:
        """Decline a leave, also one that was approved: its days count again."""
        return self._decide(LeaveState.DECLINED)

    def _decide(self, state: LeaveState) -> ResponseReturnValue:
        leave = self.get_one(request.form.get("id", ""))
        try:
            leave_decisions.decide(db.session, leave.id, state, viewer(), today=current.today())
            name = leave.employee.name
            db.session.commit()
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        said = (_("The leave of %(name)s is approved: its days do not count for the customers.", name=name)
                if state is LeaveState.APPROVED else _("The leave of %(name)s is declined.", name=name))
        return web.done(said, url_for(".index_view"))
