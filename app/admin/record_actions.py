"""What is done from a customer's record page: each step by a plain form, or without leaving the page."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import gettext as _

from app import current, display, web
from app.admin import follow_up_form, notices
from app.admin.base import row_id
from app.admin.guard import GuardedView, viewer
from app.admin.merges import leads_to
from app.admin.record import acts_for_others, may, page_of, state_of, within, writes_for_others
from app.errors import DomainError
from app.extensions import db
from app.models import Customer, Employee
from app.models.audit import PersonKind
from app.permissions import Permission, scope_of
from app.services import customers, follow_ups, history


class RecordView(GuardedView):
    """`/admin/record/?id=3` leads to wherever whoever asks finds the customer; the steps below are posted here.

    A customer he finds nowhere does not exist; one he finds but may not do this with answers with a sentence.
    """

    needs = {"index_view": None, "state_view": None, "follow_up": Permission.FOLLOW_UP_CREATE,
             "next_contact": Permission.FOLLOW_UP_CREATE, "release": Permission.CUSTOMER_RELEASE,
             "lock": Permission.CUSTOMER_LOCK, "unlock": Permission.CUSTOMER_LOCK,
             "assign": Permission.CUSTOMER_ASSIGN, "add_course": Permission.CUSTOMER_EDIT,
             "remove_course": Permission.CUSTOMER_EDIT}

    def is_visible(self) -> bool:
        """Not in the menu: one comes here from a customer."""
        return False

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """The record page of a customer, whichever of them it is for whoever asks, or of whom he was merged into."""
        asked = request.args.get("id", "")
        return redirect(leads_to(asked) or page_of(_customer(asked)) or abort(404))

    @expose("/state/")
    def state_view(self) -> ResponseReturnValue:
        """Whether the customer is still as the page shows him (`shown`): a script asks every few seconds."""
        current.set_unattended()
        customer = _customer(request.args.get("id", ""))
        if not (within(scope_of(viewer(), Permission.CUSTOMER_READ), customer) or page_of(customer) == url_for(
                "publicpool.details_view", id=customer.id)):
            abort(404)
        state, (day, _dot, before) = state_of(customer), request.args.get("shown", "")[:64].partition(".")
        only_the_day = state.partition(".")[2] == before and not state.startswith(day)
        return jsonify(state=state, said=_("A new day has begun.") if only_the_day else _last_change(customer),
                       **notices.beside())

    @expose("/follow-up/", methods=("POST",))
    def follow_up(self) -> ResponseReturnValue:
        """Log a follow-up; the deadline moves."""
        return _done(lambda customer: follow_ups.log(
            db.session, customer.id, viewer(), request.form.get("note", ""), intent=follow_up_form.intent(),
            next_contact_on=follow_up_form.next_contact(), for_any_consultant=writes_for_others(customer),
            today=current.today(), now=current.now()), lambda _name: _("Follow-up logged."))

    @expose("/next-contact/", methods=("POST",))
    def next_contact(self) -> ResponseReturnValue:
        """Set, change or drop the day of the next contact; the deadline stays."""
        return _done(lambda customer: follow_ups.plan(
            db.session, customer.id, viewer(), follow_up_form.next_contact(),
            for_any_consultant=writes_for_others(customer), today=current.today()),
            lambda _name: _("Next contact saved."))

    @expose("/release/", methods=("POST",))
    def release(self) -> ResponseReturnValue:
        """Give a customer back to the pool."""
        return _done(lambda customer: customers.release(
            db.session, customer.id, by=_for(customer, Permission.CUSTOMER_RELEASE), today=current.today(),
            now=current.now()), lambda name: _("%(name)s is back in the Public Pool.", name=name))

    @expose("/lock/", methods=("POST",))
    def lock(self) -> ResponseReturnValue:
        """Keep a customer from falling up to and including a day, as far as the rules let his consultant."""
        until = web.posted_day("until") or abort(400)
        return _done(lambda customer: customers.lock(
            db.session, customer.id, until, by=_for(customer, Permission.CUSTOMER_LOCK),
            today=current.today()), lambda name: _("%(name)s is locked until %(day)s.", name=name,
                                                   day=display.day(until)))

    @expose("/unlock/", methods=("POST",))
    def unlock(self) -> ResponseReturnValue:
        """End a lock; the customer falls tomorrow at the earliest."""
        return _done(lambda customer: customers.unlock(
            db.session, customer.id, by=_for(customer, Permission.CUSTOMER_LOCK), today=current.today()),
            lambda name: _("%(name)s is no longer locked.", name=name))

    @expose("/assign/", methods=("POST",))
    def assign(self) -> ResponseReturnValue:
        """Give a customer, public or held by another, to a consultant; the clock begins anew."""
        def act(customer: Customer) -> None:
            if not may(customer, Permission.CUSTOMER_ASSIGN):
                abort(404)
            customers.assign(db.session, customer.id, row_id(request.form.get("consultant_id", "")),
                             today=current.today(), now=current.now())

        return _done(act, lambda name: _("%(name)s was assigned.", name=name))

    @expose("/add-course/", methods=("POST",))
    def add_course(self) -> ResponseReturnValue:
        """Put a course on the list of those the customer asked about."""
        return _done(lambda customer: customers.add_course(
            db.session, customer.id, row_id(request.form.get("course_id", "")),
            by=_for(customer, Permission.CUSTOMER_EDIT), today=current.today()),
            lambda _name: _("The course was added."))

    @expose("/remove-course/", methods=("POST",))
    def remove_course(self) -> ResponseReturnValue:
        """Take one off."""
        return _done(lambda customer: customers.cancel_course(
            db.session, customer.id, row_id(request.form.get("course_id", "")),
            by=_for(customer, Permission.CUSTOMER_EDIT), today=current.today()),
            lambda _name: _("The course was removed."))


def _done(act: Callable[[Customer], object], sentence: Callable[[str], LazyString | str]) -> ResponseReturnValue:
    """Do something with the customer in the form and lead back to wherever he is found then."""
    customer = _customer(request.form.get("customer_id", ""))
    page = page_of(customer) or abort(404)
    name = customer.name
    try:
        act(customer)
        db.session.commit()
    except DomainError as error:
        return web.refused(error, page)
    page = page_of(customer) or url_for("admin.index")
    return web.done(sentence(name), page, page=page)


def _customer(asked: str) -> Customer:
    return db.session.get(Customer, row_id(asked)) or abort(404)


def _for(customer: Customer, permission: Permission) -> Employee | None:
    """Whose customer it has to be: the asker's own, unless he may do this with others' too."""
    return None if acts_for_others(customer, Permission.CUSTOMER_READ, permission) else viewer()


def _last_change(customer: Customer) -> str:
    """What has happened last, in a few words."""
    tables = {entry.table_name for entry in history.last_changes(db.session, (PersonKind.CUSTOMER, customer.id))}
    if "follow_up" in tables:
        return str(_("A follow-up was logged meanwhile."))
    if "distribution" in tables:
        return str(_("This customer has changed hands meanwhile."))
    return str(_("This customer has changed meanwhile."))
