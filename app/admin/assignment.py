"""Automatic assignment: the present round, who comes next, who is paused, the ledger, and whether it is fair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import format_number
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current, web
from app.admin import cursor, options
from app.admin.base import asked_for, row_id
from app.admin.charts import Chart, Series
from app.admin.guard import GuardedView, allowed
from app.admin.record import present_page_of
from app.extensions import db
from app.models import AssignmentRound
from app.models.choices import Absence, AssignmentStrategy
from app.permissions import Permission
from app.services import assignment, assignment_ledger, limits, school_settings
from app.services.assignment_ledger import Share
from app.services.assignment_rounds import Absent, Rounds, Turn, upcoming
from app.services.rules import ONE_DAY

DAYS, NEXT, PAGE_SIZE = 30, 10, 30


@dataclass(frozen=True)
class Slot:
    """A slot of a round, as it is shown: spent, the next one, or to come; and whoever is in it may be absent."""

    name: str
    spent: bool = False
    next: bool = False
    absence: Absence | None = None


class AssignmentView(GuardedView):
    """`/admin/assignment/`."""

    group, order, menu_title = "settings", 21, _l("Assignment")
    needs = {"index_view": Permission.SALES_RANK_READ, "pause_view": Permission.SALES_RANK_WRITE,
             "strategy_view": Permission.SETTINGS_WRITE}

    @expose("/")
    def index_view(self) -> str:
        """All of it."""
        today, strategy = current.today(), current.school().assignment_strategy
        dealing = assignment.dealing(db.session, strategy, today=today)
        since = current.clock().instant(today - (DAYS - 1) * ONE_DAY)
        shares = assignment_ledger.shares(db.session, since=since)
        running = assignment_ledger.present_round(db.session)
        everyone = dealing.people.union(running.slots if running else (), (each.rank.consultant_id for each in shares))
        absent = assignment.unavailable(db.session, everyone, today)
        names = assignment_ledger.names(db.session, everyone)
        turns = list(islice(upcoming(dealing, absent, limits.room(db.session, dealing.people, today)), NEXT))
        asked = asked_for("consultant")
        page = assignment_ledger.page(db.session, consultant_id=asked, before=asked_for("before"), size=PAGE_SIZE)
        rendered: str = self.render(
            "screens/assignment.html", strategy=strategy, strategies=list(AssignmentStrategy), running=running,
            slots=_slots(running, turns, absent, names), following=_following(dealing, running, names),
            turns=[(turn, names.get(turn.consultant_id or 0, "")) for turn in turns], absent=absent, shares=shares,
            chart=_fairness(shares), page=page, skipped=assignment_ledger.skipped(db.session, page.entries),
            page_of=present_page_of, consultants=db.session.scalars(options.consultants()).all(), asked=asked,
            next_url=cursor.same_page(before=page.before) if page.before else None,
            may_pause=allowed(Permission.SALES_RANK_WRITE), may_choose=allowed(Permission.SETTINGS_WRITE))
        return rendered

    @expose("/pause/", methods=("POST",))
    def pause_view(self) -> ResponseReturnValue:
        """Pass a consultant over from the next lead on, or no longer."""
        paused = request.form.get("paused", "")
        if paused not in ("0", "1"):
            abort(400)
        name = assignment.pause(db.session, row_id(request.form.get("id", "")), paused=paused == "1").consultant.name
        db.session.commit()
        said = _("%(name)s is passed over from now on.", name=name) if paused == "1" else _(
            "%(name)s gets leads again.", name=name)
        return web.done(said, url_for(".index_view"))

    @expose("/strategy/", methods=("POST",))
    def strategy_view(self) -> ResponseReturnValue:
        """Choose by what leads are dealt out."""
        chosen = {str(each.value): each for each in AssignmentStrategy}.get(request.form.get("strategy", ""))
        if chosen is None:
            abort(400)
        school_settings.save(db.session, replace(school_settings.lock(db.session), assignment_strategy=chosen))
        db.session.commit()
        return web.done(_("From now on leads are dealt out by: %(strategy)s", strategy=chosen.label),
                        url_for(".index_view"))


Names = dict[int, str]


def _slots(running: AssignmentRound | None, turns: Sequence[Turn], absent: Absent, names: Names) -> list[Slot]:
    """The slots of the present round."""
    if running is None:
        return []
    following = next((turn.slot for turn in turns if turn.round == running.id), None)
    return [Slot(names.get(each, f"#{each}"), spent=number <= running.position, next=number == following,
                 absence=absent.get(each)) for number, each in enumerate(running.slots, 1)]


def _following(dealing: Any, running: AssignmentRound | None, names: Names) -> list[str]:
    """The round that starts next, where it is another than the present one."""
    if not isinstance(dealing, Rounds) or (running is not None and list(dealing.following) == running.slots):
        return []
    return [names.get(each, f"#{each}") for each in dealing.following]


def _fairness(shares: Sequence[Share]) -> Chart:
    """What everyone got beside his share."""
    received = Series(_l("Received customers"), "accent", [share.received for share in shares])
    due = Series(_l("Share by rank"), "soft", [round(share.due) for share in shares])
    if not received.total:
        summary = _("In %(days)d days nobody was assigned a lead.", days=DAYS)
    else:
        far = max(shares, key=lambda share: abs(share.received - share.due))
        summary = _("In %(days)d days %(number)s leads were assigned. Farthest from the own share is %(name)s: "
                    "%(received)s, by rank it would be %(due)s.", days=DAYS, number=format_number(received.total),
                    name=far.rank.consultant.name, received=format_number(far.received),
                    due=format_number(round(far.due, 1)))
    return Chart("fairness", _l("Who got how many"), summary, _l("Consultant"),
                 [share.rank.consultant.name for share in shares], (received, due))
