"""The home of those who look after the house (jobs, logins, rules, refusals) and of those who teach or bill classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app import current, queue
from app.admin import history
from app.admin.guard import allowed, viewer
from app.admin.lists import filter_url
from app.extensions import db
from app.models import AuditAction, AuditEntry, CourseClass, Employee, LoginSession
from app.models.choices import RowScope
from app.permissions import Permission, scope_of
from app.queue import QueueUnavailableError
from app.services import class_dates, job_runs, sessions
from app.services.history import told
from app.services.rules import ONE_DAY

WATCHED: dict[AuditAction, str] = {AuditAction.REFUSED: "warn", AuditAction.LOGIN_FAILED: "warn",
                                   AuditAction.EXPORTED: "", AuditAction.PERSON_ERASED: ""}
"""What an auditor looks at first, and its tone."""

REFUSALS = 6


def watch(today: dt.date) -> dict[str, Any] | None:
    """What happened today that somebody who watches should know of; None for those who see no audit log as a whole."""
    if scope_of(viewer(), Permission.AUDIT_READ) is not RowScope.ALL:
        return None
    began = current.clock().instant(today)
    counts: dict[AuditAction, int] = {action: number for action, number in db.session.execute(
        select(AuditEntry.action, func.count()).where(
            AuditEntry.at >= began, AuditEntry.action.in_(WATCHED)).group_by(AuditEntry.action))}
    refusals = db.session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.REFUSED)
                                  .order_by(AuditEntry.id.desc()).limit(REFUSALS)).all()
    return {
        "tiles": [{"label": _("%(what)s today", what=action.label), "value": counts.get(action, 0),
                   "tone": tone if counts.get(action) else None,
                   "url": filter_url("audit", action=action, at_from=today)}
                  for action, tone in WATCHED.items()] + _sessions(),
        "refusals": [history.line(each) for each in told(db.session, refusals, reveal=history.may_reveal)],
        "refusals_url": filter_url("audit", action=AuditAction.REFUSED)}


def _sessions() -> list[dict[str, Any]]:
    """How many sessions somebody uses now, for those who see them all."""
    if scope_of(viewer(), Permission.SESSION_READ) is not RowScope.ALL:
        return []
    live = db.session.scalar(select(func.count()).select_from(LoginSession).join(LoginSession.employee).where(
        sessions.alive(now=current.now(), settings=current.school()), Employee.active))
    return [{"label": _l("Sessions in use"), "value": live, "tone": None,
             "url": filter_url("session", live=True)}]


def house(today: dt.date) -> list[dict[str, Any]]:
    """What keeps the school running, as far as whoever looks may know of it."""
    found = []
    if allowed(Permission.JOBS_READ):
        found.append(_jobs(today))
    if allowed(Permission.SETTINGS_READ):
        rules = current.rules().school
        found.append({"label": _l("The rules"), "tone": None, "url": url_for("settings.index_view"), "sentence": _(
            "%(follow_up)d days to follow up, %(deal)d to win; contacts in the pool are %(state)s.",
            follow_up=rules.follow_up_days, deal=rules.deal_days,
            state=_("hidden") if current.school().mask_contacts else _("visible"))})
    return found


def _jobs(today: dt.date) -> dict[str, Any]:
    """How last night was, and whether anybody works in the background."""
    run = job_runs.last_finished(db.session, job_runs.EXPIRY)
    due = job_runs.is_due(db.session, job_runs.EXPIRY, today)
    try:
        problem = None if queue.number_of_workers() else _l("No worker is running, so nothing will run.")
    except QueueUnavailableError as error:
        problem = error.message
    told_of = None if run is None else _("%(a)s not followed up in time, %(b)s not won in time.",
                                         a=run.closed_follow_up, b=run.closed_deal)
    if problem is None and due:
        problem = _l("Today’s run has not finished yet.")
    return {"label": _l("Last night"), "url": url_for("jobs.index_view"), "day": run.business_date if run else None,
            "sentence": told_of or _("No night has run yet."), "problem": problem, "tone": "bad" if problem else None}


def classes(today: dt.date) -> dict[str, Any] | None:
    """One's own classes, or for those who teach none all that run or will; None for those who may see none."""
    if not allowed(Permission.COURSE_CLASS_READ):
        return None
    own = class_dates.of_employee(db.session, viewer().id, today=today)
    has_begun = CourseClass.start_date <= today
    begun, coming = db.session.execute(select(func.count().filter(has_begun), func.count().filter(~has_begun))).one()
    return {"own": bool(own), "rows": own or class_dates.running_or_coming(db.session, today=today),
            "tiles": [{"label": _l("Classes begun"), "value": begun, "tone": None, "url": filter_url(
                           "courseclass", start_date_until=today)},
                      {"label": _l("Classes to come"), "value": coming, "tone": None, "url": filter_url(
                           "courseclass", start_date_from=today + ONE_DAY)}],
            "teaches": viewer().department.function.value in ("teaching", "tutoring"),
            "url": url_for("courseclass.index_view")}
