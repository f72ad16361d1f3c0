"""The sales floor in numbers: of everyone, or of the consultants of one department."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Customer, Distribution, Employee, FollowUp, SalesRank
from app.models.choices import DepartmentFunction, DistributionStatus, Origin
from app.services import employees, pool
from app.services.desk import LOST


@dataclass(frozen=True)
class Numbers:
    """Customers held now and about to fall; holdings won and lost since the month began; follow-ups of today."""

    held: int
    falling: int
    won: int
    lost: int
    follow_ups: int = 0


@dataclass(frozen=True)
class Desk:
    """One consultant's numbers.

    Args:
        slots: how many leads he is given in a round; None if he has no rank.
    """

    consultant: Employee
    numbers: Numbers
    slots: int | None = None


Ended = dict[tuple[dt.date, DistributionStatus], int]
"""How many holdings ended on a day with a status."""


def desks(session: Session, *, today: dt.date, warn_days: int, department: int | None = None) -> list[Desk]:
    """The numbers of everyone who may hold customers, most about to fall first: five queries whatever their number.

    Args:
        department: only the consultants of the department with this code.
    """
    falls = func.sum(case((Customer.public_on <= today + dt.timedelta(days=warn_days), 1), else_=0))
    held: dict[int, tuple[int, int]] = {consultant_id: (number, falling) for consultant_id, number, falling in
        session.execute(select(Customer.consultant_id, func.count(), falls).where(pool.is_held(today))
                        .group_by(Customer.consultant_id))}
    ended: dict[tuple[int, DistributionStatus], int] = {
        (consultant_id, status): number for consultant_id, status, number in session.execute(
            select(Distribution.consultant_id, Distribution.status, func.count())
            .where(Distribution.ended_on >= today.replace(day=1))
            .group_by(Distribution.consultant_id, Distribution.status))}
    followed: dict[int, int] = {consultant_id: number for consultant_id, number in session.execute(
        select(FollowUp.consultant_id, func.count()).where(FollowUp.saved_on == today)
        .group_by(FollowUp.consultant_id))}
    slots: dict[int, int] = {consultant_id: num for consultant_id, num in session.execute(
        select(SalesRank.consultant_id, SalesRank.num))}
    consultants = employees.of_function(DepartmentFunction.SALES)
    if department is not None:
        consultants = consultants.where(Employee.department_code == department)
    found = [Desk(each, Numbers(*held.get(each.id, (0, 0)), ended.get((each.id, DistributionStatus.ENROLLED), 0),
                                sum(ended.get((each.id, status), 0) for status in LOST), followed.get(each.id, 0)),
                  slots.get(each.id))
             for each in session.scalars(consultants)]
    return sorted(found, key=lambda desk: (-desk.numbers.falling, -desk.numbers.held))


def numbers(session: Session, *, today: dt.date, warn_days: int, department: int | None = None) -> Numbers:
    """The present numbers of everyone, those included who hold customers no more: three queries."""
    falls = func.sum(case((Customer.public_on <= today + dt.timedelta(days=warn_days), 1), else_=0))
    held, falling = session.execute(select(func.count(), falls).where(
        pool.is_held(today), *_within(Customer.consultant_id, department))).one()
    ended = {status: number for status, number in session.execute(
        select(Distribution.status, func.count()).where(
            Distribution.ended_on >= today.replace(day=1), *_within(Distribution.consultant_id, department))
        .group_by(Distribution.status))}
    followed = session.scalar(select(func.count()).select_from(FollowUp).where(
        FollowUp.saved_on == today, *_within(FollowUp.consultant_id, department))) or 0
    return Numbers(held, falling or 0, ended.get(DistributionStatus.ENROLLED, 0),
                   sum(ended.get(status, 0) for status in LOST), followed)


def ended(session: Session, *, since: dt.date, department: int | None = None) -> Ended:
    """How holdings ended, by day and status, since a day."""
    query = (select(Distribution.ended_on, Distribution.status, func.count())
             .where(Distribution.ended_on >= since, *_within(Distribution.consultant_id, department))
             .group_by(Distribution.ended_on, Distribution.status))
    return {(day, status): number for day, status, number in session.execute(query) if day is not None}


def received(session: Session, *, since: dt.date, department: int | None = None) -> dict[dt.date, int]:
    """How many customers consultants were given or took, by day, since a day.

    One who is back because his enrolment was undone is not received anew.
    """
    query = (select(Distribution.started_on, func.count())
             .where(Distribution.started_on >= since, Distribution.origin != Origin.REINSTATED,
                    *_within(Distribution.consultant_id, department))
             .group_by(Distribution.started_on))
    return {day: number for day, number in session.execute(query)}


def _within(consultant_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
            department: int | None) -> list[ColumnElement[bool]]:
    if department is None:
        return []
    return [consultant_id.in_(select(Employee.id).where(Employee.department_code == department))]
