"""Home: a consultant's day, a manager's floor."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import AdminIndexView, expose
from flask_babel import lazy_gettext as _l

from app import current
from app.admin.guard import Guarded, allowed, viewer
from app.extensions import db
from app.models.choices import Intent, RowScope
from app.permissions import Permission, scope_of
from app.services import floor, job_runs, my_customers, pool
from app.services.rules import SCHOOL_RULES


class HomeView(Guarded, AdminIndexView):
    """What there is to do today, for whoever looks."""

    group, order, menu_title = "start", 0, _l("Home")
    needs = {"index": None}

    @expose("/")
    def index(self) -> str:
        """The day at a glance."""
        me, today = viewer(), current.today()
        leads = scope_of(me, Permission.CUSTOMER_ASSIGN) is RowScope.ALL  # the floor's numbers are everybody's
        sells = allowed(Permission.MY_CUSTOMERS_READ) and me.can_hold_customers and not leads
        rendered: str = self.render(
            "screens/home.html", name=me.name, tiles=_tiles(sells=sells, leads=leads), rules=SCHOOL_RULES,
            intents=list(Intent),
            falling=my_customers.falling_next(db.session, me.id, today=today, size=8) if sells else [],
            due=my_customers.contacts_due(db.session, me.id, today=today) if sells else [],
            due_count=my_customers.number_due(db.session, me.id, today=today) if sells else 0,
            desks=floor.desks(db.session, today=today, warn_days=SCHOOL_RULES.warn_days) if leads else [],
            runs=job_runs.last_finished(db.session, job_runs.EXPIRY) if allowed(Permission.JOBS_READ) else None)
        return rendered


def _tiles(*, sells: bool, leads: bool) -> list[dict[str, Any]]:
    """The numbers that matter to whoever looks, each with the screen behind it."""
    me, today = viewer(), current.today()
    tiles: list[dict[str, Any]] = []
    if sells:
        mine = floor.numbers(db.session, today=today, warn_days=SCHOOL_RULES.warn_days, consultant_id=me.id)
        tiles += _number_tiles(mine, url_for("mycustomers.index_view"))
    elif leads:
        everyone = floor.numbers(db.session, today=today, warn_days=SCHOOL_RULES.warn_days)
        tiles += _number_tiles(everyone, url_for("customer.index_view"))
    if allowed(Permission.POOL_READ):
        tiles.append({"label": _l("In the Public Pool"), "value": pool.count(db.session, me.id, today=today),
                      "url": url_for("publicpool.index_view"), "tone": "info"})
    return tiles


def _number_tiles(numbers: floor.Numbers, url: str) -> list[dict[str, Any]]:
    return [{"label": _l("Following up"), "value": numbers.held, "url": url, "tone": "info"},
            {"label": _l("Falling tonight"), "value": numbers.falling, "url": url,
             "tone": "bad" if numbers.falling else "info"},
            {"label": _l("Won this month"), "value": numbers.won, "url": url, "tone": "good"},
            {"label": _l("Lost this month"), "value": numbers.lost, "url": url, "tone": "warn"}]
