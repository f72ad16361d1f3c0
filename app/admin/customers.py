"""Customers: the table, and the record page of one."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload, selectinload
from wtforms import Form

from app import current, web
from app.admin import contacts, new_lead, options, seen
from app.admin.base import Access, TableView, badge, table_action
from app.admin.customer_form import REFERRERS, CustomerForm
from app.admin.filters import Is, OneOf, Quick, is_choice, period
from app.admin.known_contact import count_entered, refused_as_known
from app.admin.labels import LABELS
from app.admin.merges import MergesCustomers, leads_to
from app.admin.record import may, record_page
from app.admin.transfers import MovesCustomers
from app.errors import DomainError
from app.extensions import db
from app.models import AssignmentEntry, Customer, Employee
from app.models.choices import (
    CustomerStatus,
    DistributionStatus,
    Education,
    RowScope,
    Source,
)
from app.models.contacts import CONTACT_FIELDS, normal_contact
from app.permissions import Permission
from app.services import assignment, customers, distributions, persons, pool, search, standing
from app.services.customers import KnownContactError

FREE_TEXTS = ("company", "salary", "graduation_school", "major")
"""People write contacts wherever there is room."""


def _contact(_view: Any, _context: Any, customer: Customer, field: str) -> str | None:
    return contacts.shown(customer, field) or None


def _free_text(_view: Any, _context: Any, customer: Customer, field: str) -> str | None:
    value: str | None = getattr(customer, field)
    return None if value is None else contacts.shown_text(customer, value)


def _standing(_view: Any, _context: Any, customer: Customer, _field: str) -> Any:
    """Where he stands, in a word."""
    if customer.is_public(current.today()):
        return _("In the Public Pool")
    return customer.status if customer.is_enrolled else DistributionStatus.FOLLOWING


def _standing_badge(view: Any, context: Any, customer: Customer, field: str) -> Any:
    told = _standing(view, context, customer, field)
    if isinstance(told, DistributionStatus):
        return told
    return badge(told, "warn") if isinstance(told, str) else badge(told.label, "good")


STANDINGS = {"following": DistributionStatus.FOLLOWING.label, "falling": _l("About to fall"),
             "overdue": _l("Contact overdue"), "untouched": _l("Not followed up yet"),
             "pool": _l("In the Public Pool"), "enrolled": CustomerStatus.ENROLLED.label}


def _stands(code: str) -> ColumnElement[bool]:
    return standing.customers(current.today())[code]


class CustomerView(MovesCustomers, MergesCustomers, TableView):
    """Everyone's customers for a manager, the own ones for a consultant."""

    group, order, menu_title = "sell", 30, _l("Customers")
    new_title = _l("New customer")
    access = Access(Permission.CUSTOMER_READ, Permission.CUSTOMER_CREATE, Permission.CUSTOMER_EDIT,
                    Permission.CUSTOMER_DELETE, Permission.CUSTOMER_EXPORT)
    needs = {"assign_view": Permission.CUSTOMER_ASSIGN, "release_view": Permission.CUSTOMER_RELEASE}
    form = CustomerForm
    form_groups = (
        (_l("Contact"), ("name", "gender", "qq", "mobile", "wechat")),
        (_l("Who gets the lead"), ("goes_to",)),
        (_l("Interest"), ("courses", "campus", "source", "referral_from")),
        (_l("Background"), ("education", "graduation_school", "major", "experience")),
        (_l("Work"), ("work_status", "company", "salary")))
    create_template, edit_template = "admin/customer/create.html", "admin/customer/edit.html"
    form_ajax_refs = {"referral_from": REFERRERS}
    about = _l("Everyone who asked about a course stands here, from the first call to the enrolment.")
    column_lead = "name"
    column_list = ("name", "status", "mobile", "consultant", "public_on", "courses", "qq")
    column_optional = (
        "id", "source", "wechat", "gender", "last_consult_date", "date", "recv_date", "campus", "education",
        "graduation_school", "major", "experience", "work_status", "company", "salary", "referral_from")
    column_export_list = ("id", *column_list, *column_optional[1:])
    column_formatters_export = {
        **dict.fromkeys(CONTACT_FIELDS, _contact), "status": _standing, **dict.fromkeys(FREE_TEXTS, _free_text)}
    column_formatters = column_formatters_export | {"status": _standing_badge}
    column_sortable_list = ("id", "name", "last_consult_date", "public_on", "date", "recv_date")
    column_default_sort = ("id", True)
    column_related = (selectinload(Customer.courses), joinedload(Customer.consultant))
    column_related_by = {name: joinedload(getattr(Customer, name)) for name in ("campus", "referral_from")}
    column_filters = (
        is_choice(Customer.status, LABELS["status"], CustomerStatus),
        is_choice(Customer.source, LABELS["source"], Source),
        is_choice(Customer.education, LABELS["education"], Education),
        Is(Customer.campus_id, LABELS["campus"], options.campus_options, int),
        Is(Customer.consultant_id, LABELS["consultant"], options.consultant_options, int),
        *period(Customer.date, LABELS["date"]),
        *period(Customer.last_consult_date, LABELS["last_consult_date"]),
        *period(Customer.public_on, LABELS["public_on"]),
        OneOf(Customer.status, _l("Where he stands"), {
            code: (label, partial(_stands, code)) for code, label in STANDINGS.items()}).named("standing"))
    quick_filters = tuple(Quick(label, standing=code) for code, label in STANDINGS.items())
    column_searchable_list = ("name", "qq", "mobile", "wechat")

    def row_filter(self, scope: RowScope, employee: Employee, today: dt.date) -> ColumnElement[bool] | None:
        if scope is RowScope.ALL:
            return None
        if scope is RowScope.DEPARTMENT:
            return pool.belongs_to_department(employee.department_code, today)
        return pool.belongs_to(employee.id, today)

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search_text: str) -> Any:
        """Contacts are searched only where whoever searches sees them."""
        for part in search_text.split():
            found = search.customers(part, visible=contacts.visible_rows())
            query = query.filter(found)
            count_query = count_query.filter(found) if count_query is not None else None
        return query, count_query, joins, count_joins

    def get_create_form(self) -> type[Form]:
        return new_lead.NewCustomerForm

    def create_form(self, obj: Any = None) -> Form:
        """Who gets the lead is asked of those who can be offered."""
        form = super().create_form(obj)
        new_lead.offer(form)
        return form

    def create_model(self, form: Form) -> Any:
        g.entered = super().create_model(form)
        if g.entered:
            flash(new_lead.went_to(g.entered), "success")
        return g.entered

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        """The empty form, or the refused one. Who got a lead that is another's by now does not go on editing it."""
        answer = super().create_view()
        lost = g.get("entered") and "_continue_editing" in request.form and not may(g.entered, Permission.CUSTOMER_EDIT)
        return redirect(web.return_address(url_for(".index_view"))) if lost else answer

    def edit_form(self, obj: Any = None) -> Form:
        """Contacts this person does not see, and texts that may hold one, cannot be read or written here either."""
        persons.check_not_erased(obj)
        form = super().edit_form(obj)
        if contacts.visible(obj):
            seen.note(obj.id)
        else:
            for name in (*CONTACT_FIELDS, *FREE_TEXTS):
                del form[name]
        return form

    def may_edit(self, row: Customer) -> bool:
        return super().may_edit(row) and row.erased_on is None

    def may_delete(self, row: Customer) -> bool:
        return super().may_delete(row) and row.erased_on is None

    def lock(self, row: Customer) -> None:
        super().lock(row)
        persons.check_not_erased(row)

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        count_entered(sum(normal_contact(field, form[field].data) not in (None, getattr(model, field))
                          for field in CONTACT_FIELDS if field in form))
        try:
            return self._save(form, model, created=created)
        except KnownContactError as error:
            raise refused_as_known(error) from error

    @staticmethod
    def _save(form: Form, model: Any, *, created: bool) -> Any:
        if created:
            with db.session.no_autoflush:
                form.populate_obj(model)
                customers.check_referrer(model, model.referral_from)
            new_lead.enter(model, form.goes_to.data)
            return model
        source_before = model.source
        with customers.storing(db.session, model), db.session.no_autoflush:
            form.populate_obj(model)
            customers.check_referrer(model, model.referral_from)
            customers.check_contacts(db.session, model)
        if model.source is not source_before:  # a source may have terms of its own
            distributions.recompute_held(db.session, model.id, today=current.today())
        return model

    def erase(self, model: Any) -> None:
        customers.delete(db.session, model.id)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> ResponseReturnValue:
        """The form; the page of the survivor for somebody who was merged into another."""
        moved = None if request.method == "POST" else leads_to(request.args.get("id", ""))
        return super().edit_view() if moved is None else redirect(moved)

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """The record page; that of the survivor for somebody who was merged into another."""
        moved = leads_to(request.args.get("id", ""))
        if moved is not None:
            return redirect(moved)
        customer = self.get_one(request.args.get("id", ""))
        edit_url = url_for(".edit_view", id=customer.id, url=request.full_path) if self.may_edit(customer) else None
        return record_page(self, customer, edit_url=edit_url)

    @table_action("deal", _l("Assign by turns"), Permission.CUSTOMER_ASSIGN,
                  _l("Give each of the chosen customers of the Public Pool to whoever’s turn it is?"))
    def action_deal(self, ids: list[str]) -> None:
        """Give the chosen customers of the pool to whoever's turn it is."""
        entries: list[AssignmentEntry] = []
        self._one_by_one(self.numbers_chosen(ids), lambda each: entries.append(assignment.assign(
            db.session, each, current.school().assignment_strategy, today=current.today(), now=current.now())))
        for sentence in new_lead.dealt_out(entries):
            flash(sentence, "success")

    @staticmethod
    def _one_by_one(ids: list[int], act: Any) -> int:
        """Do something to each customer in a transaction of its own, lowest id first; say what was refused."""
        done = 0
        for each in sorted(ids):
            try:
                act(each)
                db.session.commit()
                done += 1
            except DomainError as error:
                db.session.rollback()
                web.flash_error(error)
        return done
