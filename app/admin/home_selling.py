"""The home of those who hold customers: whom they lose next, whom to contact, and the month so far."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current
from app.admin.charts import Chart, Series
from app.admin.clocks import cool_down_days, own_rules, standings
from app.admin.guard import allowed, viewer
from app.admin.public_pool import REASONS
from app.extensions import db
from app.models import Employee
from app.models.choices import Intent
from app.permissions import Permission
from app.services import allowance, leaves, my_customers, pool, promises
from app.services import desk as desks
from app.services.desk import Show

TONES = {Show.FALLING: "bad", Show.DUE: "warn", Show.WON: "good", Show.LOST: "warn"}
TILES = (Show.FALLING, Show.DUE, Show.NEW, Show.FOLLOWING, Show.WON, Show.LOST, Show.CLAIMED)


def is_for(employee: Employee) -> bool:
    """Whether somebody has customers of his own to look after."""
    return allowed(Permission.MY_CUSTOMERS_READ) and employee.can_hold_customers


def desk(today: dt.date) -> dict[str, Any]:
    """A consultant's day."""
    me = viewer().id
    counts = desks.counts(db.session, me, today=today)
    falling = my_customers.falling_next(db.session, me, today=today, size=6)
    new = desks.new_to(db.session, me, today=today)
    return {
        "has_any": any(counts.values()),
        "tiles": [{"label": show.label, "value": counts[show], "tone": TONES.get(show) if counts[show] else None,
                   "url": _part(show)} for show in TILES],
        "falling": falling, "standing_of": standings(falling), "held": counts[Show.FOLLOWING],
        "held_url": _part(Show.FOLLOWING),
        "due": my_customers.contacts_due(db.session, me, today=today, size=6), "due_count": counts[Show.DUE],
        "due_url": _part(Show.DUE),
        "new": new, "given": desks.given(db.session, new), "since": _last_working_day(today),
        "new_count": counts[Show.NEW], "new_url": _part(Show.NEW),
        "planned": my_customers.contacts_planned(db.session, me, today=today), "planned_count": counts[Show.PLANNED],
        "planned_url": _part(Show.PLANNED), "kept": promises.kept(db.session, me, today=today), "days": promises.DAYS,
        "locks": promises.locks(db.session, me, today=today),
        "allowance": _allowance(today),
        "intents": list(Intent), "can_log": allowed(Permission.FOLLOW_UP_CREATE),
        "month": _month(today)}


def _part(show: Show) -> str:
    """Where My Customers lists what a number counts."""
    return url_for("mycustomers.index_view", show=show.value)


def _last_working_day(today: dt.date) -> dt.date:
    """When whoever looks was here last, by his calendar and his leave."""
    me = viewer()
    away = leaves.approved(db.session, [me.id]).get(me.id, ())
    return current.rules().clock(me.department_code, None, away).days.before(today)


def _allowance(today: dt.date) -> list[dict[str, Any]]:
    """What the rules limit, how much of it is used, and when there is room again."""
    found = allowance.of(db.session, viewer().id, own_rules(), today=today)
    rows = ((_l("Customers held"), found.holding, _l("or as soon as one enrols or is released")),
            (_l("Claims today"), found.claims, None), (_l("Customers locked"), found.locks, None))
    return [{"label": label, "used": used.used, "limit": used.limit, "again_on": used.again_on, "or_else": or_else,
             "tone": "bad" if used.used >= used.limit else "warn" if used.used * 10 >= used.limit * 8 else ""}
            for label, used, or_else in rows if used is not None]


def _month(today: dt.date) -> Chart:
    days = desks.month(db.session, viewer().id, today=today)
    won, lost, claimed, followed = (Series(label, tone, [getattr(day, name) for day in days], line)
                                    for label, tone, name, line in (
        (_l("Won"), "good", "won", False), (_l("Lost"), "bad", "lost", False),
        (_l("Claimed"), "accent", "claimed", False), (_l("Follow-ups"), "soft", "follow_ups", True)))
    summary = _("%(won)d won, %(lost)d lost, %(claimed)d claimed and %(followed)d follow-ups since the month began.",
                won=won.total, lost=lost.total, claimed=claimed.total, followed=followed.total)
    return Chart("my-month", _l("My month"), summary, _l("Day"), [day.day for day in days],
                 (followed, won, claimed, lost), stacked=True)


def pool_now(today: dt.date) -> dict[str, Any] | None:
    """How many customers are in the pool and why, as whoever looks may claim them; None for those who see none."""
    if not allowed(Permission.POOL_READ):
        return None
    counts = pool.counts_by_reason(db.session, viewer().id, today=today, cool_down_days=cool_down_days())
    reasons = [{"label": label, "value": counts.get(status, 0), "status": status,
                "url": url_for("publicpool.index_view", reason=code)} for code, (label, status) in REASONS.items()]
    return {"value": sum(counts.values()), "url": url_for("publicpool.index_view"), "reasons": reasons}
