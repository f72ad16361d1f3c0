"""Retention: who is erased by himself, because his data have been kept as long as the school decided.

Leads who never enrolled and whom nobody holds, by their last contact; employees who left, by the day their login was
deactivated, as the audit log tells it. Each batch is a transaction: it may run late, twice, by two workers at once, or
be killed anywhere.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.models import AuditEntry, Customer, Distribution, Employee
from app.models.audit import AuditAction, PersonKind
from app.models.choices import DistributionStatus, ErasureReason
from app.models.contacts import CONTACT_FIELDS
from app.services import erasure, job_runs, notices, pool, quotes, sessions
from app.services.school_settings import SchoolSettings

BATCH = 50


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months ago, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Forgotten:
    """How many leads and former employees were erased, and how many ended sessions forgotten."""

    leads: int
    leavers: int
    sessions: int


def run(session: Session, settings: SchoolSettings, *, today: dt.date, now: Callable[[], dt.datetime],
        on_batch: Callable[[int, int], None], batch: int = BATCH) -> Forgotten:
    """Erase whoever is due today, forget old sessions, and write the run into the book of runs.

    Args:
        now: gives the instant written into the rows.
        on_batch: called with the leads done and those there were to do after each step; the caller commits there.
        batch: how many leads are locked at once.
    """
    entry = job_runs.begin(session, job_runs.RETENTION, today, now=now())
    on_batch(0, 0)
    forgotten_sessions = _forget_what_is_over(session, settings, now=now())
    on_batch(0, 0)
    leavers = _erase_leavers(session, settings.leaver_retention_months, today=today, now=now(), on_batch=on_batch)
    leads = _erase_leads(session, settings.lead_retention_months, today=today, now=now, on_batch=on_batch, batch=batch)
    job_runs.finish(entry, now=now())
    on_batch(leads, leads)
    return Forgotten(leads, leavers, forgotten_sessions)


def _forget_what_is_over(session: Session, settings: SchoolSettings, *, now: dt.datetime) -> int:
    """Forget notices and ended sessions of long ago; how many sessions."""
    notices.purge(session, now=now)
    sessions.end_overdue(session, now=now, settings=settings)
    return sessions.purge(session, now - dt.timedelta(days=settings.session_retention_days))


def _erase_leads(session: Session, months: int, *, today: dt.date, now: Callable[[], dt.datetime],
                 on_batch: Callable[[int, int], None], batch: int) -> int:
    """The texts about other customers are searched once, however many leads are due."""
    if not months:
        return 0
    limit = months_before(today, months)
    due: Sequence[Any] = session.execute(_leads_due(today, limit)).all()
    total, erased = len(due), 0
    contacts: set[str] = {contact for row in due for text in row[1:] if text for contact in text.split()}
    quoted = quotes.find(session, contacts, pause=lambda: on_batch(0, total))
    for begin in range(0, total, batch):
        ids = [row[0] for row in due[begin:begin + batch]]
        erased += len(erasure.erase_customers(
            session, ids, ErasureReason.RETENTION, today=today, now=now(), quoted=quoted,
            still=lambda customer: customer.is_public(today) and customer.last_consult_date < limit))
        on_batch(begin + len(ids), total)
    return erased


def _leads_due(today: dt.date, limit: dt.date) -> Select[int]:
    """Number and contacts of each lead in the pool whose last contact was before a day and who never enrolled."""
    enrolled = exists().where(Distribution.customer_id == Customer.id,
                              Distribution.status == DistributionStatus.ENROLLED)
    return (select(Customer.id, *(getattr(Customer, field) for field in CONTACT_FIELDS), Customer.other_contacts)
            .where(pool.is_public(today), Customer.last_consult_date < limit, ~enrolled).order_by(Customer.id))


def _erase_leavers(session: Session, months: int, *, today: dt.date, now: dt.datetime,
                   on_batch: Callable[[int, int], None]) -> int:
    if not months:
        return 0
    limit, erased = months_before(today, months), 0
    for employee_id in session.scalars(select(Employee.id).where(
            ~Employee.active, Employee.erased_on.is_(None)).order_by(Employee.id)).all():
        left_on = _left_on(session, employee_id)
        if left_on is not None and left_on < limit:
            try:
                erased += erasure.erase(session, (PersonKind.EMPLOYEE, employee_id), ErasureReason.RETENTION,
                                        today=today, now=now)
            except ConflictError:  # back at work since, or something of his is left to settle: people are to look at it
                continue
            on_batch(0, 0)
    return erased


def _left_on(session: Session, employee_id: int) -> dt.date | None:
    """The day on which the login was deactivated; None if that was before the audit log began."""
    entries = session.execute(select(AuditEntry.at, AuditEntry.changes).where(
        AuditEntry.table_name == Employee.__tablename__, AuditEntry.row_id == employee_id,
        AuditEntry.action.in_((AuditAction.CREATED, AuditAction.UPDATED))).order_by(AuditEntry.id.desc()))
    return next((at.date() for at, changes in entries if changes and changes.get("active", [None, True])[1] is False),
                None)
