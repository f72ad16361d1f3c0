"""The home of managers: everyone's desks in one table, and where customers come from and go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import request, url_for
from flask_babel import LazyString, format_number
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current
from app.admin.charts import Chart, Series
from app.admin.guard import viewer
from app.admin.lists import filter_url
from app.admin.record import present_page_of
from app.extensions import db
from app.models import Employee
from app.models.choices import DistributionStatus, RowScope
from app.permissions import Permission, scope_of
from app.services import floor as floors
from app.services.floor import Desk, Ended, Reach
from app.services.rules import ONE_DAY
from app.services.standing import LOST

DAYS, WEEKS = 30, 12

COLUMNS: dict[str, tuple[LazyString, Callable[[Desk], int]]] = {
    "held": (_l("Following up"), lambda desk: desk.numbers.held),
    "falling": (_l("Falling tonight"), lambda desk: desk.numbers.falling),
    "overdue": (_l("Contacts overdue"), lambda desk: desk.numbers.overdue),
    "untouched": (_l("New, not followed up"), lambda desk: desk.numbers.untouched),
    "fell": (_l("Fell last night"), lambda desk: desk.numbers.fell),
    "won": (_l("Won this month"), lambda desk: desk.numbers.won),
    "lost": (_l("Lost this month"), lambda desk: desk.numbers.lost),
    "follow_ups": (_l("Follow-ups today"), lambda desk: desk.numbers.follow_ups),
    "slots": (_l("Leads per round"), lambda desk: desk.slots or 0)}
"""The numbers of a desk, by which the table is sorted."""

TONES = {"falling": "bad", "overdue": "warn", "untouched": "warn", "fell": "bad", "won": "good", "lost": "warn"}
TILES = ("falling", "overdue", "untouched", "fell", "held", "won", "lost", "follow_ups")


def floor(reach: Reach, today: dt.date) -> dict[str, Any]:
    """A manager's floor."""
    department = reach.department
    monday = today - today.weekday() * ONE_DAY
    since = min(today - (DAYS - 1) * ONE_DAY, monday - (WEEKS - 1) * 7 * ONE_DAY)
    ended = floors.ended(db.session, since=since, department=department)
    received = floors.received(db.session, since=today - (DAYS - 1) * ONE_DAY, department=department)
    by, here = _sorted_by(), url_for("admin.index")
    desks = floors.desks(db.session, today=today, book=current.rules(), department=department)
    if by != "falling":
        desks.sort(key=COLUMNS[by][1], reverse=True)
    link = partial(_rows_of, reach, today)
    totals = floors.numbers(db.session, today=today, department=department)
    return {"tiles": [{"label": COLUMNS[name][0], "value": getattr(totals, name), "url": link(name),
                       "tone": TONES.get(name) if getattr(totals, name) else None} for name in TILES],
            "desks": desks, "by": by, "link": link, "page_of": present_page_of,
            "columns": [{"code": code, "label": label, "value": value, "url": f"{here}?by={code}#desks"}
                        for code, (label, value) in COLUMNS.items()],
            "nights": [(day, number, _falls_on(reach, day)) for day, number in floors.nights(
                db.session, today=today, department=department).items()],
            "falling": floors.falling_next(db.session, today=today, department=department),
            "fell": floors.fell(db.session, today=today, department=department), "has_fallen": totals.fell,
            "charts": [_by_day(received, ended, today), _by_week(ended, monday)]}


def _sorted_by() -> str:
    asked = request.args.get("by", "")
    return asked if asked in COLUMNS else "falling"


def _rows_of(reach: Reach, today: dt.date, name: str, consultant: Employee | None = None,
             status: DistributionStatus | None = None) -> str | None:
    """Where the rows are that a number counts, if whoever looks sees just those in the list."""
    month = today.replace(day=1)
    lists: dict[str, tuple[str, Permission, dict[str, Any]]] = {
        "held": ("customer", Permission.CUSTOMER_READ, {"standing": "following"}),
        "falling": ("customer", Permission.CUSTOMER_READ, {"standing": "falling"}),
        "overdue": ("customer", Permission.CUSTOMER_READ, {"standing": "overdue"}),
        "untouched": ("customer", Permission.CUSTOMER_READ, {"standing": "untouched"}),
        "fell": ("distribution", Permission.DISTRIBUTION_READ, {"fell": "last_night"}),
        "won": ("distribution", Permission.DISTRIBUTION_READ,
                {"status": DistributionStatus.ENROLLED, "ended_on_from": month}),
        "lost": ("distribution", Permission.DISTRIBUTION_READ, {"lost": True, "ended_on_from": month}),
        "follow_ups": ("followup", Permission.FOLLOW_UP_READ, {"saved_on_from": today})}
    if name not in lists:
        return None
    endpoint, read, filters = lists[name]
    if consultant is None and name == "follow_ups" and reach.scope is not RowScope.ALL:
        return None  # a department's list has more: what was said in the pool
    if scope_of(viewer(), read) is not reach.scope:
        return None
    if consultant is not None:
        filters["consultant"] = consultant
    if status is not None:
        filters["status"] = status
    return filter_url(endpoint, **filters)


def _falls_on(reach: Reach, day: dt.date) -> str | None:
    if scope_of(viewer(), Permission.CUSTOMER_READ) is not reach.scope:
        return None
    return filter_url("customer", standing="following", public_on_from=day, public_on_until=day)


def _by_day(received: dict[dt.date, int], ended: Ended, today: dt.date) -> Chart:
    days = [today - number * ONE_DAY for number in reversed(range(DAYS))]
    came = Series(_l("Received customers"), "accent", [received.get(day, 0) for day in days], line=True)
    won = Series(_l("Won"), "good", [ended.get((day, DistributionStatus.ENROLLED), 0) for day in days])
    lost = Series(_l("Lost"), "bad", [sum(ended.get((day, why), 0) for why in LOST) for day in days])
    summary = _("In %(days)d days consultants received %(received)s customers, won %(won)s and lost %(lost)s.",
                days=DAYS, received=format_number(came.total), won=format_number(won.total),
                lost=format_number(lost.total))
    return Chart("by-day", _l("Received, won and lost by day"), summary, _l("Day"), days, (came, won, lost),
                 stacked=True)


def _by_week(ended: Ended, monday: dt.date) -> Chart:
    weeks = [monday - number * 7 * ONE_DAY for number in reversed(range(WEEKS))]
    sums: dict[tuple[dt.date, DistributionStatus], int] = {}
    for (day, why), number in ended.items():
        week = day - day.weekday() * ONE_DAY
        sums[week, why] = sums.get((week, why), 0) + number
    tones = {DistributionStatus.NO_FOLLOW_UP: "warn", DistributionStatus.NO_DEAL: "bad",
             DistributionStatus.RELEASED: "soft"}
    series = tuple(Series(why.label, tone, [sums.get((week, why), 0) for week in weeks]) for why, tone in tones.items())
    total = sum(each.total for each in series)
    if not total:
        summary = _("In %(weeks)d weeks no customer fell into the pool.", weeks=WEEKS)
    else:
        most = max(series, key=lambda each: each.total)
        summary = _("In %(weeks)d weeks %(fell)s customers fell, most of them as: %(reason)s (%(percent)d%%).",
                    weeks=WEEKS, fell=format_number(total), reason=most.label,
                    percent=round(100 * most.total / total))
    return Chart("by-week", _l("Why customers fall, by week"), summary, _l("Week from"), weeks, series, stacked=True)
