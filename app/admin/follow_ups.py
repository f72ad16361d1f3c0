"""Follow-up records."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Query, joinedload
from wtforms import Form

from app import current
from app.admin import contacts, forms, options
from app.admin.base import Access, TableView, asked_for
from app.admin.clocks import cool_down_days
from app.admin.filters import Is, OneOf, Quick, is_choice, period, quick_choices
from app.admin.guard import allowed, viewer
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Customer, Employee, FollowUp
from app.models.choices import Intent, RowScope
from app.permissions import Permission, scope_of_all
from app.services import distributions, follow_ups, pool, standing


def _followed() -> ColumnElement[bool]:
    """The customers whoever asks may write a follow-up on."""
    today, me = current.today(), viewer()
    own = and_(pool.belongs_to(me.id, today), Customer.erased_on.is_(None))
    scope = _scope_of_writing()
    if scope is RowScope.ALL:
        return or_(own, pool.is_held(today))
    if scope is RowScope.DEPARTMENT:
        return or_(own, and_(pool.is_held(today), pool.belongs_to_department(me.department_code, today)))
    return own


def _scope_of_writing() -> RowScope | None:
    """Whose customers, while they hold them, one may write on besides the own.

    Only where one sees contacts: a note that hides what was written in it would tell its author which guess was right.
    """
    return scope_of_all(viewer(), Permission.FOLLOW_UP_CREATE, Permission.CUSTOMER_CONTACTS)


CUSTOMERS = forms.Loader("customer", Customer, Customer.name, _followed,
                         lambda customer: f"{customer.name} (#{customer.id})")


class FollowUpForm(forms.BaseForm):
    """A follow-up; whose it is and when it was saved are not for people to say."""

    customer = forms.lookup("customer", CUSTOMERS, required=True)
    note = forms.text(FollowUp.note)
    intent = forms.choice(FollowUp.intent, Intent, default=Intent.NO_PLAN)
    next_contact_on = forms.day(FollowUp.next_contact_on, quick=True)


def _note(_view: Any, _context: Any, record: FollowUp, _name: str) -> str:
    return contacts.shown_text(record.customer, record.note)


class FollowUpView(TableView):
    """What was said with whom. `?customer=ID` shows one customer's records, as linked from the Public Pool."""

    group, order, menu_title = "sell", 40, _l("Follow-up records")
    new_title = _l("New follow-up record")
    access = Access(Permission.FOLLOW_UP_READ, Permission.FOLLOW_UP_CREATE, Permission.FOLLOW_UP_CREATE,
                    Permission.FOLLOW_UP_CREATE, Permission.FOLLOW_UP_EXPORT)
    form = FollowUpForm
    form_groups = (
        (_l("What was said"), ("customer", "note")),
        (_l("Next step"), ("intent", "next_contact_on")))
    list_template = "admin/followup/list.html"
    form_ajax_refs = {"customer": CUSTOMERS}
    about = _l("What was said with whom, and when to call again. Each follow-up moves the customer's clock.")
    list_arguments = ("customer",)
    column_lead = "customer"
    column_list = ("customer", "at", "note", "intent", "next_contact_on", "consultant")
    column_optional = ("id", "saved_on")
    column_export_list = column_details_list = ("at", "customer", "consultant", "note", "intent", "next_contact_on")
    column_formatters = column_formatters_detail = column_formatters_export = {"note": _note}
    column_sortable_list = ("at", "next_contact_on")
    column_default_sort = ("at", True)
    column_searchable_list = ("customer.name",)  # not the notes: contacts of hidden customers could be guessed there
    column_related = (joinedload(FollowUp.customer).joinedload(Customer.consultant), joinedload(FollowUp.consultant))
    column_filters = (is_choice(FollowUp.intent, LABELS["intent"], Intent),
                      *period(FollowUp.next_contact_on, LABELS["next_contact_on"]),
                      *period(FollowUp.saved_on, LABELS["saved_on"]),
                      Is(FollowUp.consultant_id, LABELS["consultant"], options.consultant_options, int),
                      OneOf(FollowUp.next_contact_on, LABELS["next_contact_on"], {
                          "due": (_l("Due"), lambda: standing.contact_is_due(current.today()))}).named("contact"))
    quick_filters = (Quick(_l("Next contact due"), contact="due"),
                     Quick(_l("Saved today"), saved_on_from=current.today),
                     *quick_choices("intent", (Intent.ONE_WEEK, Intent.TWO_DAYS)))

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            code = employee.department_code
            reached = [FollowUp.consultant.has(Employee.department_code == code),
                       FollowUp.customer.has(pool.belongs_to_department(code, today))]
        else:
            reached = [FollowUp.consultant_id == employee.id,
                       FollowUp.customer.has(pool.belongs_to(employee.id, today))]
        if allowed(Permission.POOL_READ):
            claimable = pool.claimable_by(employee.id, today, cool_down_days=cool_down_days())
            reached.append(FollowUp.customer.has(claimable))
        return or_(*reached)

    def _scoped(self, query: Query[Any]) -> Query[Any]:
        query = super()._scoped(query)
        customer_id = asked_for("customer")
        return query if customer_id is None else query.filter(FollowUp.customer_id == customer_id)

    def edit_form(self, obj: Any = None) -> Form:
        """The customer of a record never changes; only its author edits it, on the same day."""
        follow_ups.check_editable(obj, viewer(), today=current.today(), masking=current.school().mask_contacts)
        form = super().edit_form(obj)
        del form.customer
        return form

    def may_edit(self, row: FollowUp) -> bool:
        return (self.can_edit and row.consultant_id == viewer().id and row.saved_on == current.today()
                and contacts.visible(row.customer) and row.customer.erased_on is None)

    def may_delete(self, row: FollowUp) -> bool:
        return self.may_edit(row)

    def lock(self, row: FollowUp) -> None:
        distributions.lock_customer(db.session, row.customer_id)
        super().lock(row)

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        said = {"note": form.note.data, "intent": form.intent.data, "next_contact_on": form.next_contact_on.data}
        if created:
            return follow_ups.log(db.session, form.customer.data.id, viewer(), today=current.today(), now=current.now(),
                                  for_any_consultant=_scope_of_writing() in (RowScope.ALL, RowScope.DEPARTMENT),
                                  **said)
        follow_ups.edit(db.session, model, viewer(), **said, today=current.today(),
                        masking=current.school().mask_contacts)
        db.session.flush()
        return model

    def erase(self, model: Any) -> None:
        follow_ups.delete(db.session, model, viewer(), today=current.today(),
                          masking=current.school().mask_contacts)
