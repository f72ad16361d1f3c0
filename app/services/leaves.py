"""Leave: asked for, approved or declined; approved leave pauses the clocks of a consultant's customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError
from app.models import Employee, Leave
from app.models.choices import LeaveState
from app.services.calendars import Leaves

LONGEST = dt.timedelta(days=366)


def approved(session: Session, employee_ids: Collection[int | None]) -> dict[int, Leaves]:
    """The approved leaves of employees, by id; who has none is not in it."""
    found: dict[int, list[tuple[dt.date, dt.date]]] = {}
    for employee_id, first, last in session.execute(
            select(Leave.employee_id, Leave.first_on, Leave.last_on)
            .where(Leave.employee_id.in_(sorted(each for each in employee_ids if each is not None)),
                   Leave.state == LeaveState.APPROVED).order_by(Leave.first_on)):
        found.setdefault(employee_id, []).append((first, last))
    return {employee_id: tuple(leaves) for employee_id, leaves in found.items()}


def away(session: Session, today: dt.date) -> set[int]:
    """Who is on approved leave on a day."""
    return set(session.scalars(select(Leave.employee_id).where(
        Leave.state == LeaveState.APPROVED, Leave.first_on <= today, Leave.last_on >= today)))


def check(session: Session, leave: Leave) -> None:
    """Whether a leave can be stored as it is.

    Raises:
        DomainError: it ends before it begins, or lasts longer than a year; with the field.
        ConflictError: he is away on some of these days already.
    """
    if leave.last_on < leave.first_on:
        raise DomainError(_l("It ends before it begins."), field="last_on")
    if leave.last_on - leave.first_on >= LONGEST:
        raise DomainError(_l("A leave lasts a year at most."), field="last_on")
    with session.no_autoflush:
        other = session.scalar(select(exists().where(
            Leave.employee_id == _employee_id(leave), Leave.id != (leave.id or 0), Leave.state != LeaveState.DECLINED,
            Leave.first_on <= leave.last_on, Leave.last_on >= leave.first_on)))
    if other:
        raise ConflictError(_l("There is a leave on some of these days already."), field="first_on")


def decide(leave: Leave, state: LeaveState, by: Employee) -> None:
    """Approve or decline a leave; nobody decides his own.

    Raises:
        ConflictError: it is his own.
    """
    if leave.employee_id == by.id:
        raise ConflictError(_l("Somebody else decides on your own leave."))
    leave.state, leave.decided_by_id = state, by.id


def _employee_id(leave: Leave) -> int:
    return leave.employee_id or leave.employee.id
