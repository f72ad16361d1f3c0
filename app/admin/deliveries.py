"""The delivery log: what was sent out of the panel to whom, and what failed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload, selectinload

from app import current
from app.admin import forms
from app.admin.audit import SinceDay, UntilDay
from app.admin.base import Access, TableView, badge, table_action
from app.admin.filters import is_choice, quick_choices
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Employee, NoticeDelivery
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState, RowScope
from app.permissions import Permission
from app.services import deliveries

TONES = {DeliveryState.SENT: "good", DeliveryState.WAITING: "info", DeliveryState.SENDING: "info",
         DeliveryState.RETRYING: "warn", DeliveryState.GIVEN_UP: "bad"}


def _state(_view: Any, _context: Any, row: NoticeDelivery, _name: str) -> Any:
    return badge(row.state.label, TONES.get(row.state, ""))


def _problem(_view: Any, _context: Any, row: NoticeDelivery, _name: str) -> str:
    if row.problem is None:
        return "—"
    return f"{row.problem.label} ({row.answer})" if row.answer else str(row.problem.label)


def _notices(_view: Any, _context: Any, row: NoticeDelivery, _name: str) -> str:
    """How many, not which: that is the person's own business."""
    return str(len(row.lines))


class DeliveryView(TableView):
    """Messages with notices, the newest first. What they said stands nowhere but with whom they were for."""

    group, order, menu_title = "settings", 85, _l("Delivery log")
    access = Access(Permission.DELIVERY_READ, export=Permission.DELIVERY_READ)
    form = forms.BaseForm
    column_labels = LABELS | {"created_at": _l("Made at")}
    about = _l("Messages with notices by mail, WeChat and bots: which got out, and which did not and why.")
    column_lead = "employee"
    column_list = ("employee", "channel", "state", "problem", "due_at", "sent_at", "lines")
    column_optional = ("id", "created_at", "attempts", "attempted_at", "next_attempt_at")
    column_export_list = column_details_list = (
        "id", "employee", "channel", "state", "lines", "created_at", "due_at", "attempts", "attempted_at",
        "next_attempt_at", "sent_at", "problem", "answer")
    column_formatters = {"state": _state, "problem": _problem, "lines": _notices}
    column_formatters_detail = {"state": _state, "lines": _notices}
    column_formatters_export = {"lines": _notices}
    column_sortable_list = ("id", "due_at", "sent_at", "attempts")
    column_default_sort = ("id", True)
    column_searchable_list = ("employee.name", "employee.username")
    column_related = (joinedload(NoticeDelivery.employee), selectinload(NoticeDelivery.lines))
    column_filters = (
        is_choice(NoticeDelivery.state, LABELS["state"], DeliveryState),
        is_choice(NoticeDelivery.channel, LABELS["channel"], DeliveryChannel),
        is_choice(NoticeDelivery.problem, LABELS["problem"], DeliveryProblem),
        SinceDay(NoticeDelivery.due_at, LABELS["due_at"], data_type="datepicker"),
        UntilDay(NoticeDelivery.due_at, LABELS["due_at"], data_type="datepicker"))
    quick_filters = quick_choices("state", (DeliveryState.GIVEN_UP, DeliveryState.RETRYING, DeliveryState.WAITING,
                                            DeliveryState.SENT))

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            return NoticeDelivery.employee.has(Employee.department_code == employee.department_code)
        return NoticeDelivery.employee_id == employee.id

    @table_action("again", _l("Send again"), Permission.DELIVERY_RUN)
    def action_again(self, ids: list[str]) -> None:
        """Let the chosen messages be tried again that were given up or wait for their next attempt."""
        number = deliveries.again(db.session, [row.id for row in self.get_several(ids)], now=current.now())
        db.session.commit()
        flash(ngettext("%(num)d message is sent again within a minute.",
                       "%(num)d messages are sent again within a minute.", number), "success" if number else "warning")
