"""The sales floor in numbers: of one consultant, or of everyone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Customer, Distribution, Employee
from app.models.choices import DepartmentFunction, DistributionStatus
from app.services import employees, pool

LOST = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)


@dataclass(frozen=True)
class Numbers:
    """Customers held now and about to fall; holdings won and lost since the month began."""

    held: int
    falling: int
    won: int
    lost: int


@dataclass(frozen=True)
class Desk:
    """One consultant's numbers."""

    consultant: Employee
    numbers: Numbers


def desks(session: Session, *, today: dt.date, warn_days: int) -> list[Desk]:
    """The numbers of everyone who may hold customers, most about to fall first; three queries whatever their number."""
    held = _count_by_consultant(session, Customer.consultant_id, pool.is_held(today))
    falling = _count_by_consultant(session, Customer.consultant_id, pool.about_to_fall(today, warn_days))
    ended: dict[tuple[int, DistributionStatus], int] = {
        (consultant_id, status): number for consultant_id, status, number in session.execute(
            select(Distribution.consultant_id, Distribution.status, func.count())
            .where(Distribution.ended_on >= today.replace(day=1))
            .group_by(Distribution.consultant_id, Distribution.status))}
    found = [Desk(each, Numbers(held.get(each.id, 0), falling.get(each.id, 0),
                                ended.get((each.id, DistributionStatus.ENROLLED), 0),
                                sum(ended.get((each.id, status), 0) for status in LOST)))
             for each in session.scalars(employees.of_function(DepartmentFunction.SALES))]
    return sorted(found, key=lambda desk: (-desk.numbers.falling, -desk.numbers.held))


def _count_by_consultant(session: Session, column: InstrumentedAttribute[int | None],
                         condition: ColumnElement[bool]) -> dict[int, int]:
    rows = session.execute(select(column, func.count()).where(condition).group_by(column))
    return {consultant_id: number for consultant_id, number in rows if consultant_id is not None}


def numbers(session: Session, *, today: dt.date, warn_days: int, consultant_id: int | None = None) -> Numbers:
    """The present numbers of a consultant, or of everyone."""
    customers = [] if consultant_id is None else [Customer.consultant_id == consultant_id]
    holdings = [] if consultant_id is None else [Distribution.consultant_id == consultant_id]
    held = session.scalar(select(func.count()).select_from(Customer).where(pool.is_held(today), *customers)) or 0
    falling = session.scalar(select(func.count()).select_from(Customer)
                             .where(pool.about_to_fall(today, warn_days), *customers)) or 0
    query = (select(Distribution.status, func.count())
             .where(Distribution.ended_on >= today.replace(day=1), *holdings).group_by(Distribution.status))
    ended = {status: number for status, number in session.execute(query)}
    return Numbers(held, falling, ended.get(DistributionStatus.ENROLLED, 0),
                   sum(ended.get(status, 0) for status in LOST))
