"""Public Pool: the customers anyone but their last consultant may claim."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app import current
from app.admin import contacts, cursor, menu, options
from app.admin.base import asked_for
from app.admin.guard import GuardedView, allowed, viewer
from app.admin.record import record_page
from app.extensions import db
from app.models import Customer
from app.models.choices import DistributionStatus, Source
from app.permissions import Permission
from app.services import pool

REASONS: dict[str, tuple[Any, DistributionStatus | None]] = {
    str(DistributionStatus.NO_FOLLOW_UP.value): (DistributionStatus.NO_FOLLOW_UP.label,
                                                 DistributionStatus.NO_FOLLOW_UP),
    str(DistributionStatus.NO_DEAL.value): (DistributionStatus.NO_DEAL.label, DistributionStatus.NO_DEAL),
    str(DistributionStatus.RELEASED.value): (DistributionStatus.RELEASED.label, DistributionStatus.RELEASED),
    pool.NEW_LEAD: (_l("New lead"), None),
}
DAYS = (1, 3, 7, 30, 90)
PAGE_SIZE = 50


class PublicPoolView(GuardedView):
    """Newest fallen first; contacts stay hidden until the claim, unless the school says otherwise."""

    group, order, menu_title = "sell", 10, _l("Public Pool")
    needs = {"index_view": Permission.POOL_READ, "details_view": Permission.POOL_READ}

    def menu_count(self) -> str:
        """How many there are to claim."""
        return menu.counted(pool.count_up_to(db.session, viewer().id, today=current.today(), most=menu.COUNTED + 1))

    @expose("/")
    def index_view(self) -> str:
        """The pool as whoever looks may claim it."""
        today, me = current.today(), viewer()
        filter_ = _asked_filter()
        page = pool.page(db.session, me.id, today=today, filter_=filter_, after=cursor.read(), size=PAGE_SIZE)
        after = cursor.write(page.after)
        rendered: str = self.render(
            "screens/pool.html", page=page, total=pool.count(db.session, me.id, today=today, filter_=filter_),
            reasons=_reasons(pool.counts_by_reason(db.session, me.id, today=today)),
            filter={name: request.args.get(name, "") for name in ("q", "course", "source", "campus", "days", "reason")},
            courses=db.session.scalars(options.courses()).all(),
            campuses=db.session.scalars(options.campuses()).all(),
            sources=list(Source), days=DAYS, contact=contacts.shown,
            contacts_searched=filter_.contacts,
            can_claim=allowed(Permission.POOL_CLAIM) and me.can_hold_customers,
            next_url=cursor.same_page(after=after) if after else None, reset_url=url_for(".index_view"),
            return_url=cursor.same_page())
        return rendered

    @expose("/details/")
    def details_view(self) -> str:
        """The record page of a customer in the pool."""
        customer_id = asked_for("id") or abort(404)
        query = (select(Customer).where(Customer.id == customer_id,
                                        pool.claimable_by(viewer().id, current.today()))
                 .options(selectinload(Customer.courses), joinedload(Customer.consultant)))
        customer = db.session.scalar(query) or abort(404)
        return record_page(self, customer)


def _asked_filter() -> pool.PoolFilter:
    """The filter in the address; a value that is not on offer is a mistake of whoever wrote the address."""
    reason = request.args.get("reason", "")
    source = request.args.get("source", "")
    days = request.args.get("days", "")
    if (reason and reason not in REASONS) or (days and days not in {str(number) for number in DAYS}):
        abort(400)
    if source and source not in {str(each.value) for each in Source}:
        abort(400)
    return pool.PoolFilter(
        name=request.args.get("q", "")[:64] or None, contacts=contacts.visible_in_pool(),
        course_id=asked_for("course"), campus_id=asked_for("campus"),
        source=next((each for each in Source if str(each.value) == source), None),
        reason=(REASONS[reason][1] or pool.NEW_LEAD) if reason else None, days=int(days) if days else None)


def _reasons(counts: dict[DistributionStatus | None, int]) -> list[dict[str, Any]]:
    """The chips above the list."""
    asked = request.args.get("reason", "")
    every = {"code": "", "label": _l("All"), "count": sum(counts.values()),
             "url": cursor.same_page(reason=None, after=None), "active": not asked}
    return [every, *({"code": code, "label": label, "count": counts.get(status, 0),
                      "url": cursor.same_page(reason=code, after=None), "active": asked == code}
                     for code, (label, status) in REASONS.items())]
