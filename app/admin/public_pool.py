"""Public Pool: the customers anyone but their last consultant may claim."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app import current
from app.admin import contacts, cursor, live, menu, options
from app.admin.base import asked_for
from app.admin.claim import who_has_him
from app.admin.clocks import cool_down_days
from app.admin.guard import GuardedView, allowed, viewer
from app.admin.merges import leads_to
from app.admin.record import record_page
from app.extensions import db
from app.models import Campus, Course, Customer, FollowUp
from app.models.choices import DistributionStatus, Intent, Origin, Source
from app.permissions import Permission
from app.services import my_customers, pool, tries
from app.services.counting import ENOUGH
from app.services.pool import Departure
from app.services.text import gist

REASONS: dict[str, tuple[Any, DistributionStatus | None]] = {
    str(DistributionStatus.NO_FOLLOW_UP.value): (DistributionStatus.NO_FOLLOW_UP.label,
                                                 DistributionStatus.NO_FOLLOW_UP),
    str(DistributionStatus.NO_DEAL.value): (DistributionStatus.NO_DEAL.label, DistributionStatus.NO_DEAL),
    str(DistributionStatus.RELEASED.value): (DistributionStatus.RELEASED.label, DistributionStatus.RELEASED),
    pool.NEW_LEAD: (_l("New lead"), None),
}
FILTERS = ("q", "course", "source", "campus", "days", "reason")
DAYS = (1, 3, 7, 30, 90)
PAGE_SIZE = 50


class PublicPoolView(GuardedView):
    """Newest fallen first; contacts stay hidden until the claim, unless the school says otherwise."""

    group, order, menu_title = "sell", 10, _l("Public Pool")
    needs = {"index_view": Permission.POOL_READ, "details_view": Permission.POOL_READ,
             "changes_view": Permission.POOL_READ, "tries_view": Permission.POOL_READ}

    def menu_count(self) -> str:
        """How many there are to claim."""
        return menu.counted(pool.count(db.session, viewer().id, today=current.today(), cool_down_days=cool_down_days()))

    @expose("/")
    def index_view(self) -> str:
        """The pool as whoever looks may claim it."""
        today, me = current.today(), viewer()
        filter_ = _asked_filter()
        page = pool.page(db.session, me.id, today=today, filter_=filter_, after=cursor.read(), size=PAGE_SIZE,
                         cool_down_days=cool_down_days())
        after = cursor.write(page.after)
        counts = pool.counts_by_reason(db.session, me.id, today=today, cool_down_days=cool_down_days())
        courses, campuses = db.session.scalars(options.courses()).all(), db.session.scalars(options.campuses()).all()
        rendered: str = self.render(
            "screens/pool.html", page=page, total=_total(counts, page), reasons=_reasons(counts),
            filter={name: request.args.get(name, "") for name in FILTERS}, chosen=_chosen(courses, campuses),
            courses=courses, campuses=campuses, sources=list(Source), days=DAYS, contact=contacts.shown,
            gist=_gist, contacts_searched=filter_.contacts, intents=list(Intent),
            can_claim=allowed(Permission.POOL_CLAIM) and me.can_hold_customers,
            changes_url=cursor.address(".changes_view", until=after),
            next_url=cursor.same_page(after=after) if after else None, first_url=cursor.first_page(),
            reset_url=url_for(".index_view"),
            return_url=cursor.same_page())
        return rendered

    @expose("/changes/")
    def changes_view(self) -> Response:
        """What has changed on a page of the pool since it was shown: who is gone and why, how many have come.

        The address is the page's own, with `shown`, the ids on it, and `until`, where it ends.
        """
        shown, today, me = live.asked_ids(), current.today(), viewer()
        departed = pool.departures(db.session, me.id, shown, today=today, cool_down_days=cool_down_days())
        arrived = pool.arrivals(db.session, me.id, shown, today=today, filter_=_asked_filter(), after=cursor.read(),
                                until=cursor.read("until"), cool_down_days=cool_down_days())
        counts = {}
        if departed or arrived or "counts" in request.args:
            by_reason = pool.counts_by_reason(db.session, me.id, today=today, cool_down_days=cool_down_days())
            total = _total(by_reason, None)
            counts = _counts(by_reason) | ({"total": total} if total else {})
            if me.can_hold_customers:
                counts["menu-mycustomers"] = menu.counted(
                    my_customers.number_held(db.session, me.id, today=today, most=menu.COUNTED + 1))
        return live.changes([{"id": each.customer_id, "sentence": _why_gone(each)} for each in departed], arrived,
                            counts)

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """The record page of a customer in the pool."""
        moved = leads_to(request.args.get("id", ""))
        return redirect(moved) if moved is not None else record_page(self, _in_pool())

    @expose("/tries/")
    def tries_view(self) -> ResponseReturnValue:
        """Who tried what with a customer in the pool: a page, or with `part` what is put below his row."""
        moved = None if "part" in request.args else leads_to(request.args.get("id", ""))
        if moved is not None:
            return redirect(moved)
        customer = _in_pool()
        rendered: str = self.render(
            "screens/pool_tries_part.html" if "part" in request.args else "screens/pool_tries.html",
            customer=customer, tries=tries.of(db.session, customer, today=current.today()),
            gist=partial(_gist, customer, most=200))
        return rendered


def _in_pool() -> Customer:
    """The customer in the address, if whoever looks finds him in the pool."""
    query = (select(Customer).where(Customer.id == (asked_for("id") or abort(404)), pool.claimable_by(
        viewer().id, current.today(), cool_down_days=cool_down_days()))
        .options(selectinload(Customer.courses), joinedload(Customer.consultant)))
    return db.session.scalar(query) or abort(404)


def _gist(customer: Customer, record: FollowUp, *, most: int = 40) -> str:
    """What was said, in a line, without contacts for those who do not see them."""
    return gist(contacts.shown_text(customer, record.note), most)


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


def _why_gone(departure: Departure) -> str:
    """A word on who took a customer out of the pool, as far as whoever looks may know."""
    if departure.holder is None:
        return str(_("No longer in the Public Pool"))
    if departure.holder.id == viewer().id:
        return str(_("Yours now"))
    name = who_has_him(departure.holder)
    if departure.began is Origin.ASSIGNMENT:
        return str(_("Just assigned to %(name)s", name=name) if name else _("Just assigned to someone else"))
    return str(_("Just claimed by %(name)s", name=name) if name else _("Just claimed by someone else"))


Counts = dict[DistributionStatus | None, int]


def _total(counts: Counts, page: pool.PoolPage | None) -> str | None:
    """How many customers the list has. Under a filter those of a single page are counted, and more are not.

    Args:
        page: what is shown of it; where it was not read nothing is known of a filtered list.
    """
    reason = request.args.get("reason", "")
    if not any(request.args.get(name) for name in FILTERS if name != "reason"):
        return _customers(counts.get(REASONS[reason][1], 0) if reason else sum(counts.values()), ENOUGH)
    if page is None:
        return None
    alone = page.after is None and cursor.read() is None
    return _customers(len(page.rows) if alone else PAGE_SIZE + 1, PAGE_SIZE)


def _customers(number: int, most: int) -> str:
    return str(ngettext("%(number)s customer", "%(number)s customers", number, number=live.up_to(number, most)))


def _chosen(courses: Sequence[Course], campuses: Sequence[Campus]) -> list[dict[str, str]]:
    """The filters in force, each in a word and with the address of the list without it."""
    asked = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    words = {"q": asked.get("q", "").strip(),
             "course": next((each.name for each in courses if str(each.id) == asked.get("course")), ""),
             "source": next((each.label for each in Source if str(each.value) == asked.get("source")), ""),
             "campus": next((each.title for each in campuses if str(each.id) == asked.get("campus")), ""),
             "days": ngettext("Within %(num)d day", "Within %(num)d days", int(asked.get("days", 1)))}
    return [{"label": str(label), "word": str(words[name]), "url": cursor.same_page(**{name: None, "after": None})}
            for name, label in (("q", _("Search")), ("course", _("Course")), ("source", _("Source")),
                                ("campus", _("Campus of interest")), ("days", _("Days in the pool"))) if name in asked]


def _reasons(counts: Counts) -> list[dict[str, Any]]:
    """The chips above the list."""
    asked, shown = request.args.get("reason", ""), _counts(counts)
    return [{"code": code, "label": label, "count": shown[f"reason-{code}"],
             "url": cursor.same_page(reason=code or None, after=None), "active": asked == code}
            for code, label in (("", _l("All")), *((code, label) for code, (label, _status) in REASONS.items()))]


def _counts(counts: Counts) -> dict[str, str]:
    """The numbers on the page and in the menu, by name."""
    everyone = live.up_to(sum(counts.values()), ENOUGH)
    return {"reason-": everyone, "menu-publicpool": menu.counted(sum(counts.values())),
            **{f"reason-{code}": live.up_to(counts.get(status, 0), ENOUGH)
               for code, (_label, status) in REASONS.items()}}
