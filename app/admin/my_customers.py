"""My Customers: whom I hold and held, and what to do today."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app import current, web
from app.admin import cursor, follow_up_form, live, menu
from app.admin.base import asked_for, row_id
from app.admin.clocks import standings
from app.admin.guard import GuardedView, viewer
from app.admin.record import lockable, record_page
from app.errors import DomainError
from app.extensions import db
from app.models import Customer, Distribution
from app.models.choices import DistributionStatus, Intent
from app.permissions import Permission
from app.services import customers, desk, follow_ups, my_customers, timeline
from app.services.desk import Show

PAGE_SIZE = 50


class MyCustomersView(GuardedView):
    """A consultant's holdings, newest first, past ones included."""

    group, order, menu_title = "sell", 20, _l("My Customers")
    needs = {"index_view": Permission.MY_CUSTOMERS_READ, "details_view": Permission.MY_CUSTOMERS_READ,
             "changes_view": Permission.MY_CUSTOMERS_READ,
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
        name = _asked_name()
        page = my_customers.page(db.session, me.id, today=today, status=status, name=name, only=_asked_part(),
                                 after=cursor.read(), size=PAGE_SIZE)
        falling = my_customers.falling_next(db.session, me.id, today=today)
        mine = [row.customer_id for row in page.rows if my_customers.is_live(row, today)]
        on_the_clock = [*falling, *(row.customer for row in page.rows if row.is_open)]
        after = cursor.write(page.after)
        counts = my_customers.counts_by_status(db.session, me.id, today=today)
        rendered: str = self.render(
            "screens/my_customers.html", rows=page.rows, q=name or "",
            mine=lambda row: my_customers.is_live(row, today), show=_asked_show(),
            shown_all_url=cursor.same_page(show=None, after=None),
            status_of=lambda row: row.status_shown(today), ended_of=lambda row: row.ended_on_shown(today),
            statuses=_statuses(counts), changes_url=cursor.address(".changes_view", until=after),
            falling=falling, standing_of=standings(on_the_clock), lockable=lockable,
            due=my_customers.contacts_due(db.session, me.id, today=today),
            due_count=my_customers.number_due(db.session, me.id, today=today),
            next_contacts=my_customers.next_contacts(db.session, mine), intents=list(Intent),
            next_url=cursor.same_page(after=after) if after else None, first_url=cursor.first_page(),
            return_url=cursor.same_page())
        return rendered

    @expose("/changes/")
    def changes_view(self) -> Response:
        """What has changed on a page of the holdings since it was shown: whom I lost and why, how many have come.

        The address is the page's own, with `shown`, the ids of the holdings on it that went on, and `until`.
        """
        shown, today, me = live.asked_ids(), current.today(), viewer()
        departed = my_customers.departures(db.session, me.id, shown, today=today)
        arrived = my_customers.arrivals(db.session, me.id, shown, today=today, status=_asked_status(),
                                        name=_asked_name(), only=_asked_part(), after=cursor.read(),
                                        until=cursor.read("until"))
        counts = my_customers.counts_by_status(db.session, me.id, today=today) if departed or arrived else None
        return live.changes([{"id": row.id, "sentence": _why_gone(row)} for row in departed], arrived,
                            {} if counts is None else _counts(counts))

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """A past customer: his name, and his timeline up to the day he was lost."""
        row_identity = asked_for("id") or abort(404)
        row = db.session.scalar(select(Distribution).options(joinedload(Distribution.customer)).where(
            Distribution.id == row_identity, Distribution.consultant_id == viewer().id)) or abort(404)
        if my_customers.is_live(row, current.today()):
            return redirect(url_for("customer.details_view", id=row.customer_id))
        return record_page(self, row.customer, holding=row)

    @expose("/follow-up/", methods=("POST",))
    def follow_up(self) -> ResponseReturnValue:
        """Log a follow-up; the deadline moves."""
        customer = _own_customer()
        try:
            follow_ups.log(db.session, customer.id, viewer(), request.form.get("note", ""),
                           intent=follow_up_form.intent(), next_contact_on=follow_up_form.next_contact(),
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


def _why_gone(row: Distribution) -> str:
    """A word on how a holding ended."""
    return str(timeline.how_ended(db.session, row, current.today()) or _("No longer with you"))


def _own_customer() -> Customer:
    """The customer in the form, if he is or was the asker's; anyone else's does not exist."""
    customer_id = row_id(request.form.get("customer_id", ""))
    had = select(Distribution.id).where(Distribution.customer_id == Customer.id,
                                        Distribution.consultant_id == viewer().id).exists()
    return db.session.scalar(select(Customer).where(Customer.id == customer_id, had)) or abort(404)


def _asked_name() -> str | None:
    return request.args.get("q", "")[:64] or None


def _asked_status() -> DistributionStatus | None:
    asked = request.args.get("status", "")
    if asked and asked not in {str(each.value) for each in DistributionStatus}:
        abort(400)
    return DistributionStatus(int(asked)) if asked else None


def _asked_show() -> Show | None:
    """The part of the holdings a tile of the day leads to."""
    asked = request.args.get("show", "")
    if asked and asked not in set(Show):
        abort(400)
    return Show(asked) if asked else None


def _asked_part() -> ColumnElement[bool] | None:
    """The same as a condition."""
    show = _asked_show()
    return desk.condition(show, viewer().id, today=current.today()) if show else None


def _statuses(counts: dict[DistributionStatus, int]) -> list[dict[str, Any]]:
    """The chips above the list: of the statuses there are, and the one asked for."""
    asked, shown = _asked_status(), _counts(counts)
    every = {"code": "", "label": _l("All"), "count": shown["status-"],
             "url": cursor.same_page(status=None, after=None), "active": asked is None}
    return [every, *({"code": status.value, "label": status.label, "count": shown[f"status-{status.value}"],
                      "url": cursor.same_page(status=status.value, after=None), "active": asked is status}
                     for status in DistributionStatus if counts.get(status) or asked is status)]


def _counts(counts: dict[DistributionStatus, int]) -> dict[str, str]:
    """The numbers on the page and in the menu, by name."""
    numbers = {"status-": sum(counts.values()),
               **{f"status-{status.value}": counts.get(status, 0) for status in DistributionStatus}}
    return {"menu-mycustomers": menu.counted(counts.get(DistributionStatus.FOLLOWING, 0)),
            **{name: str(format_decimal(number)) for name, number in numbers.items()}}
