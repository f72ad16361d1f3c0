"""Who is public, who is held: the predicates over `public_on`, and the Public Pool as a query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from app.models import Customer, Distribution, Employee, FollowUp, customer_course
from app.models.choices import CustomerStatus, DistributionStatus, Source
from app.services import counting, search


def is_public(today: dt.date) -> ColumnElement[bool]:
    """Public: not enrolled, and the day of the fall has come."""
    return and_(Customer.status == CustomerStatus.NOT_ENROLLED, Customer.public_on <= today)


def is_held(today: dt.date) -> ColumnElement[bool]:
    """Held by its consultant, on the clock."""
    return and_(Customer.status == CustomerStatus.NOT_ENROLLED, Customer.public_on > today,
                Customer.consultant_id.is_not(None))


def belongs_to(employee_id: int, today: dt.date) -> ColumnElement[bool]:
    """A consultant's own: held by him, or enrolled with him."""
    return and_(Customer.consultant_id == employee_id,
                or_(Customer.status == CustomerStatus.ENROLLED, Customer.public_on > today))


def belongs_to_department(code: int, today: dt.date) -> ColumnElement[bool]:
    """A department's own: held by, or enrolled with, one of its people. A public customer is no department's."""
    return and_(Customer.consultant.has(Employee.department_code == code),
                or_(Customer.status == CustomerStatus.ENROLLED, Customer.public_on > today))


def last_held_by_another(employee_id: int) -> ColumnElement[bool]:
    """The former consultant does not see his customer in the pool (S2); one nobody has held is shown to all."""
    return or_(Customer.consultant_id.is_(None), Customer.consultant_id != employee_id)


def claimable_by(employee_id: int, today: dt.date) -> ColumnElement[bool]:
    """The whole predicate of the Public Pool, as one person sees it."""
    return and_(is_public(today), last_held_by_another(employee_id))


def about_to_fall(today: dt.date, days: int) -> ColumnElement[bool]:
    """Held, and public within the next `days` days."""
    return and_(is_held(today), Customer.public_on <= today + dt.timedelta(days=days))


NEW_LEAD = "new"

LONGEST = 36_500
"""As many days in the pool as anyone can ask about."""


@dataclass(frozen=True)
class PoolFilter:
    """What to show of the pool; None everywhere shows all.

    Args:
        name: part of a name.
        contacts: look for that part in the contacts too, for those who see them.
        reason: a status the holding ended with, or NEW_LEAD for those nobody has held.
        days: at most this many days in the pool.
    """

    name: str | None = None
    contacts: bool = False
    course_id: int | None = None
    source: Source | None = None
    campus_id: int | None = None
    reason: DistributionStatus | str | None = None
    days: int | None = None

    def clauses(self, today: dt.date) -> list[ColumnElement[bool]]:
        """The filter as conditions on a customer."""
        found: list[ColumnElement[bool]] = []
        if self.name:
            found.append(search.customers(self.name, visible=true() if self.contacts else false()))
        if self.course_id is not None:
            found.append(exists().where(customer_course.c.customer_id == Customer.id,
                                        customer_course.c.course_id == self.course_id))
        if self.source is not None:
            found.append(Customer.source == self.source)
        if self.campus_id is not None:
            found.append(Customer.campus_id == self.campus_id)
        if self.reason == NEW_LEAD:
            found.append(Customer.public_as.is_(None))
        elif self.reason is not None:
            found.append(Customer.public_as == self.reason)
        if self.days is not None:
            found.append(Customer.public_on > today - dt.timedelta(days=min(self.days, LONGEST)))
        return found


@dataclass(frozen=True)
class PoolRow:
    """A public customer with what the list says of it."""

    customer: Customer
    hands: int
    follow_ups: int


@dataclass(frozen=True)
class PoolPage:
    """Some rows of the pool, newest fallen first; `after` begins the next page, None on the last."""

    rows: list[PoolRow]
    after: tuple[dt.date, int] | None


def page(session: Session, viewer_id: int, *, today: dt.date, filter_: PoolFilter | None = None,
         after: tuple[dt.date, int] | None = None, size: int = 50) -> PoolPage:
    """A page of the pool as one person sees it, by keyset: as fast on the last page as on the first."""
    filters = (filter_ or PoolFilter()).clauses(today)
    fallen_by = today if after is None else min(today, after[0])  # the one bound by which the index is entered
    query = select(Customer).where(claimable_by(viewer_id, fallen_by), *filters).options(
        joinedload(Customer.consultant), selectinload(Customer.courses), joinedload(Customer.campus))
    if after is not None:
        query = query.where(tuple_(Customer.public_on, Customer.id) < after)
    query = query.order_by(Customer.public_on.desc(), Customer.id.desc()).limit(size + 1)
    customers = list(session.scalars(query))
    more, customers = len(customers) > size, customers[:size]
    ids = [customer.id for customer in customers]
    hands = _count_by_customer(session, Distribution.customer_id, ids)
    follow_ups = _count_by_customer(session, FollowUp.customer_id, ids)
    rows = [PoolRow(c, hands.get(c.id, 0), follow_ups.get(c.id, 0)) for c in customers]
    last = customers[-1] if customers else None
    return PoolPage(rows, (last.public_on, last.id) if more and last and last.public_on else None)


def count(session: Session, viewer_id: int, *, today: dt.date, filter_: PoolFilter | None = None) -> int:
    """How many public customers a person could claim."""
    query = _visible(viewer_id, today, filter_ or PoolFilter()).with_only_columns(func.count())
    return session.scalar(query.order_by(None)) or 0


def count_up_to(session: Session, viewer_id: int, *, today: dt.date, most: int) -> int:
    """How many public customers a person could claim, counted no further than `most`."""
    return counting.up_to(session, most, select(Customer.id).where(claimable_by(viewer_id, today)))


def counts_by_reason(session: Session, viewer_id: int, *, today: dt.date) -> dict[DistributionStatus | None, int]:
    """How many public customers fell for which reason; None counts those nobody has held."""
    query = (select(Customer.public_as, func.count()).where(claimable_by(viewer_id, today))
             .group_by(Customer.public_as))
    return {reason: number for reason, number in session.execute(query)}


def _visible(viewer_id: int, today: dt.date, filter_: PoolFilter) -> Select[Customer]:
    return select(Customer).where(claimable_by(viewer_id, today), *filter_.clauses(today))


def _count_by_customer(session: Session, column: InstrumentedAttribute[int], ids: list[int]) -> dict[int, int]:
    rows = session.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    return {customer_id: number for customer_id, number in rows}
