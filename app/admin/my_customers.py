"""My Customers: whom I hold and held, and what to do today."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import current, web
from app.admin import cursor, menu
from app.admin.base import asked_for, row_id
from app.admin.guard import GuardedView, viewer
from app.admin.record import record_page
from app.errors import DomainError
from app.extensions import db
from app.models import Customer, Distribution
from app.models.choices import DistributionStatus, Intent
from app.permissions import Permission
from app.services import customers, follow_ups, my_customers
from app.services.rules import SCHOOL_RULES

PAGE_SIZE = 50


class MyCustomersView(GuardedView):
    """A consultant's holdings, newest first, past ones included."""

    group, order, menu_title = "sell", 20, _l("My Customers")
    needs = {"index_view": Permission.MY_CUSTOMERS_READ, "details_view": Permission.MY_CUSTOMERS_READ,
             "follow_up": Permission.FOLLOW_UP_CREATE, "release": Permission.CUSTOMER_RELEASE,
             "cancel_course": Permission.CUSTOMER_EDIT}

    def is_visible(self) -> bool:
        """In the menu of those who may hold customers."""
        return viewer().can_hold_customers

    def menu_count(self) -> str:
        """How many are being followed up."""
        return menu.counted(my_customers.number_held(db.session, viewer().id, today=current.today(),
                                                     most=menu.COUNTED + 1))

    @expose("/")
    def index_view(self) -> str:
        """The holdings and, above them, what to do today."""
        today, me = current.today(), viewer()
        status = _asked_status()
        name = request.args.get("q", "")[:64] or None
        page = my_customers.page(db.session, me.id, today=today, status=status, name=name, after=cursor.read(),
                                 size=PAGE_SIZE)
        falling = my_customers.falling_next(db.session, me.id, today=today)
        mine = [row.customer_id for row in page.rows if _is_mine(row)]
        after = cursor.write(page.after)
        rendered: str = self.render(
            "screens/my_customers.html", rows=page.rows, mine=_is_mine, q=name or "",
            status_of=lambda row: row.status_shown(today), ended_of=lambda row: row.ended_on_shown(today),
            statuses=_statuses(my_customers.counts_by_status(db.session, me.id, today=today)),
            falling=falling, due=my_customers.contacts_due(db.session, me.id, today=today),
            due_count=my_customers.number_due(db.session, me.id, today=today),
            next_contacts=my_customers.next_contacts(db.session, mine), rules=SCHOOL_RULES, intents=list(Intent),
            next_url=cursor.same_page(after=after) if after else None, return_url=cursor.same_page())
        return rendered

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """A past customer: his name, and his timeline up to the day he was lost."""
        row_identity = asked_for("id") or abort(404)
        row = db.session.scalar(select(Distribution).options(joinedload(Distribution.customer)).where(
            Distribution.id == row_identity, Distribution.consultant_id == viewer().id)) or abort(404)
        if _is_mine(row):
            return redirect(url_for("customer.details_view", id=row.customer_id))
        return record_page(self, row.customer, holding=row)

    @expose("/follow-up/", methods=("POST",))
    def follow_up(self) -> ResponseReturnValue:
        """Log a follow-up; the deadline moves."""
        customer = _own_customer()
        try:
            follow_ups.log(db.session, customer.id, viewer(), request.form.get("note", ""),
                           intent=_asked_intent(), next_contact_on=_asked_day("next_contact_on"),
                           today=current.today(), now=current.now())
            db.session.commit()
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        return web.done(_("Follow-up logged."), url_for(".index_view"))

    @expose("/release/", methods=("POST",))
    def release(self) -> ResponseReturnValue:
        """Give a customer back to the pool."""
        customer = _own_customer()
        name = customer.name
        try:
            customers.release(db.session, customer.id, by=viewer(), today=current.today(), now=current.now())
            db.session.commit()
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        return web.done(_("%(name)s is back in the Public Pool.", name=name), url_for(".index_view"))

    @expose("/cancel-course/", methods=("POST",))
    def cancel_course(self) -> ResponseReturnValue:
        """Take a consulted course off an own customer, with one click (S2's cancel_course)."""
        customer = _own_customer()
        try:
            course = customers.cancel_course(db.session, customer.id, row_id(request.form.get("course_id", "")),
                                             by=viewer(), today=current.today())
            name = course.name
            db.session.commit()
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        return web.done(_("%(course)s was removed.", course=name), url_for(".index_view"))


def _is_mine(row: Distribution) -> bool:
    """Whether the holding still gives its consultant the customer: open and not public, or won and still his."""
    live = row.status in (DistributionStatus.FOLLOWING, DistributionStatus.ENROLLED)
    return live and row.customer.belongs_to(row.consultant_id, current.today())


def _own_customer() -> Customer:
    """The customer in the form, if he is or was the asker's; anyone else's does not exist."""
    customer_id = row_id(request.form.get("customer_id", ""))
    had = select(Distribution.id).where(Distribution.customer_id == Customer.id,
                                        Distribution.consultant_id == viewer().id).exists()
    return db.session.scalar(select(Customer).where(Customer.id == customer_id, had)) or abort(404)


def _asked_status() -> DistributionStatus | None:
    asked = request.args.get("status", "")
    if asked and asked not in {str(each.value) for each in DistributionStatus}:
        abort(400)
    return DistributionStatus(int(asked)) if asked else None


def _asked_intent() -> Intent:
    asked = request.form.get("intent") or str(Intent.NO_PLAN.value)
    return next((each for each in Intent if str(each.value) == asked), None) or abort(400)


def _asked_day(name: str) -> dt.date | None:
    asked = request.form.get(name, "")
    try:
        return dt.date.fromisoformat(asked) if asked else None
    except ValueError:
        abort(400)


def _statuses(counts: dict[DistributionStatus, int]) -> list[dict[str, Any]]:
    """The chips above the list."""
    asked = _asked_status()
    every = {"code": "", "label": _l("All"), "count": sum(counts.values()),
             "url": cursor.same_page(status=None, after=None), "active": asked is None}
    return [every, *({"code": status.value, "label": status.label, "count": counts.get(status, 0),
                      "url": cursor.same_page(status=status.value, after=None), "active": asked is status}
                     for status in DistributionStatus)]
