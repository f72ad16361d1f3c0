"""Who held which customer when: read only, but for the memo."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload
from wtforms import Form

from app import current
from app.admin import contacts, forms, options
from app.admin.base import Access, TableView
from app.admin.filters import Is, OneOf, is_choice, period, quick_choices
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Customer, Distribution, Employee
from app.models.choices import DistributionStatus, Origin, RowScope
from app.permissions import Permission
from app.services import distributions, persons, standing
from app.services.standing import LOST


class MemoForm(forms.BaseForm):
    """The only thing about a holding that people write."""

    memo = forms.text(Distribution.memo)


def _status(_view: Any, _context: Any, row: Distribution, _name: str) -> DistributionStatus:
    return row.status_shown(current.today())


def _ended_on(_view: Any, _context: Any, row: Distribution, _name: str) -> dt.date | None:
    return row.ended_on_shown(current.today())


def _memo(_view: Any, _context: Any, row: Distribution, _name: str) -> str | None:
    """A memo may quote a contact."""
    return None if row.memo is None else contacts.shown_text(row.customer, row.memo)


def _shown_as(status: DistributionStatus) -> ColumnElement[bool]:
    return standing.holding_is_shown_as(status, current.today())


STATUSES = {str(status.value): (status.label, partial(_shown_as, status)) for status in DistributionStatus}


class IsLost(Is):
    """Whether one of the rules of the pool ended it."""

    def compare(self, column: Any, value: Any) -> Any:
        return column.in_(LOST) if value == "1" else column.not_in(LOST)


class DistributionView(TableView):
    """Never created or deleted by hand: performance is read from these rows."""

    group, order, menu_title = "reports", 10, _l("Distribution")
    access = Access(Permission.DISTRIBUTION_READ, edit=Permission.DISTRIBUTION_MEMO,
                    export=Permission.DISTRIBUTION_EXPORT)
    form = MemoForm
    about = _l("Who held which customer, from when to when, and what became of it. Rows are written by claims, "
               "assignments and the night.")
    column_lead = "customer"
    column_list = ("customer", "consultant", "status", "started_on", "ended_on", "origin", "memo")
    column_optional = ("id",)
    column_export_list = column_details_list = (
        "id", "customer", "consultant", "started_on", "ended_on", "status", "origin", "memo")
    column_formatters = column_formatters_detail = column_formatters_export = {
        "status": _status, "ended_on": _ended_on, "memo": _memo}
    column_sortable_list = ("id", "started_on")
    column_default_sort = ("id", True)
    column_searchable_list = ("customer.name", "consultant.name")
    column_related = (joinedload(Distribution.customer).joinedload(Customer.consultant),
                      joinedload(Distribution.consultant))
    column_filters = (OneOf(Distribution.status, LABELS["status"], STATUSES),
                      is_choice(Distribution.origin, LABELS["origin"], Origin),
                      *period(Distribution.started_on, LABELS["started_on"]),
                      *period(Distribution.ended_on, LABELS["ended_on"]),
                      Is(Distribution.consultant_id, LABELS["consultant"], options.consultant_options, int),
                      IsLost(Distribution.status, _l("Lost"), lambda: [("1", _l("Yes")), ("0", _l("No"))])
                      .named("lost"),
                      OneOf(Distribution.ended_on, _l("Fell into the pool"), {
                          "last_night": (_l("last night"), lambda: standing.fell_last_night(current.today()))})
                      .named("fell"))
    quick_filters = quick_choices("status", DistributionStatus)

    def edit_form(self, obj: Any = None) -> Form:
        """A memo that is hidden from someone is not for him to change."""
        if not contacts.visible(obj.customer):
            abort(403)
        persons.check_not_erased(obj.customer)
        return super().edit_form(obj)

    def may_edit(self, row: Distribution) -> bool:
        return self.can_edit and row.customer.erased_on is None

    def lock(self, row: Distribution) -> None:
        distributions.lock_customer(db.session, row.customer_id)
        super().lock(row)

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            return Distribution.consultant.has(Employee.department_code == employee.department_code)
        return Distribution.consultant_id == employee.id
