"""Who is public, who is held: the predicates over `public_on`, and the Public Pool as a query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from app.models import Customer, Distribution, Employee, FollowUp, customer_course
from app.models.choices import CustomerStatus, DistributionStatus, Origin, Source
from app.services import counting, search, tries
from app.services.rules import ONE_DAY


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


def belongs_to_one_of(employee_ids: Collection[int], today: dt.date) -> ColumnElement[bool]:
    """The same of several consultants."""
    return and_(Customer.consultant_id.in_(employee_ids),
                or_(Customer.status == CustomerStatus.ENROLLED, Customer.public_on > today))


def belongs_to_department(code: int, today: dt.date) -> ColumnElement[bool]:
    """A department's own: held by, or enrolled with, one of its people. A public customer is no department's."""
    return and_(Customer.consultant.has(Employee.department_code == code),
                or_(Customer.status == CustomerStatus.ENROLLED, Customer.public_on > today))


def open_to(employee_id: int, today: dt.date, cool_down_days: int) -> ColumnElement[bool]:
    """The former consultant does not see his customer in the pool until another has had him (S2).

    Or, where the rules say so, until a cool-down is over. One nobody has held is shown to all.
    """
    cooled_down = [Customer.public_on <= today - dt.timedelta(days=cool_down_days)] if cool_down_days else []
    return or_(Customer.consultant_id.is_(None), Customer.consultant_id != employee_id, *cooled_down)


def claimable_by(employee_id: int, today: dt.date, *, cool_down_days: int) -> ColumnElement[bool]:
    """The whole predicate of the Public Pool, as one person sees it.

    Args:
        cool_down_days: the rule of that person's department; 0: only after another has had the customer.
    """
    return and_(is_public(today), open_to(employee_id, today, cool_down_days))


def is_open_to(customer: Customer, employee_id: int, today: dt.date, *, cool_down_days: int) -> bool:
    """Whether one person may claim a customer: `claimable_by` of one row."""
    cooled_down = cool_down_days and customer.days_in_pool(today) >= cool_down_days
    return customer.is_public(today) and (customer.consultant_id != employee_id or bool(cooled_down))


def about_to_fall(today: dt.date, days: int) -> ColumnElement[bool]:
    """Held, and public within the next `days` days."""
    return and_(is_held(today), Customer.public_on <= today + dt.timedelta(days=days))


def number_held(session: Session, employee_id: int, *, today: dt.date) -> int:
    """How many customers an employee holds, on the clock."""
    return session.scalar(select(func.count()).select_from(Customer).where(
        Customer.consultant_id == employee_id, is_held(today))) or 0


def numbers_held(session: Session, *, today: dt.date, of: Collection[int] | None = None) -> dict[int, int]:
    """The same of each employee who holds any, or of each of these: one query."""
    query = select(Customer.consultant_id, func.count()).where(is_held(today)).group_by(Customer.consultant_id)
    rows = session.execute(query if of is None else query.where(Customer.consultant_id.in_(of)))
    return {consultant_id: number for consultant_id, number in rows if consultant_id is not None}


NEW_LEAD = "new"

REASONS = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL, DistributionStatus.RELEASED, None)
"""What customers are in the pool for; None: nobody has held them."""

MOST_ANNOUNCED = 99

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
    """A public customer with what the list says of it; `last` is his last follow-up, with its author."""

    customer: Customer
    hands: int
    follow_ups: int
    last: FollowUp | None = None


@dataclass(frozen=True)
class PoolPage:
    """Some rows of the pool, newest fallen first; `after` begins the next page, None on the last."""

    rows: list[PoolRow]
    after: tuple[dt.date, int] | None


def page(session: Session, viewer_id: int, *, today: dt.date, filter_: PoolFilter | None = None,
         after: tuple[dt.date, int] | None = None, size: int = 50, cool_down_days: int = 0) -> PoolPage:
    """A page of the pool as one person sees it, by keyset: as fast on the last page as on the first."""
    filters = (filter_ or PoolFilter()).clauses(today)
    fallen_by = today if after is None else min(today, after[0])  # the one bound by which the index is entered
    query = select(Customer).where(is_public(fallen_by), open_to(viewer_id, today, cool_down_days),
                                   *filters).options(
        joinedload(Customer.consultant), selectinload(Customer.courses), joinedload(Customer.campus))
    if after is not None:
        query = query.where(tuple_(Customer.public_on, Customer.id) < after)
    query = query.order_by(Customer.public_on.desc(), Customer.id.desc()).limit(size + 1)
    customers = list(session.scalars(query))
    more, customers = len(customers) > size, customers[:size]
    ids = [customer.id for customer in customers]
    hands = _count_by_customer(session, Distribution.customer_id, ids)
    follow_ups = _count_by_customer(session, FollowUp.customer_id, ids)
    last_words = tries.last_words(session, follow_ups)
    rows = [PoolRow(c, hands.get(c.id, 0), follow_ups.get(c.id, 0), last_words.get(c.id)) for c in customers]
    last = customers[-1] if customers else None
    return PoolPage(rows, (last.public_on, last.id) if more and last and last.public_on else None)


def count(session: Session, viewer_id: int, *, today: dt.date, most: int = counting.ENOUGH + 1,
          cool_down_days: int = 0) -> int:
    """How many public customers a person could claim, counted no further than `most`."""
    return counting.up_to(session, most, select(Customer.id).where(
        claimable_by(viewer_id, today, cool_down_days=cool_down_days)))


def counts_by_reason(session: Session, viewer_id: int, *, today: dt.date,
                     cool_down_days: int = 0) -> dict[DistributionStatus | None, int]:
    """How many public customers fell for which reason, each number as in `count`; None counts those nobody has held.

    Whatever the size of the pool, so many entries of an index are read and no more.
    """
    public = select(Customer.id).where(claimable_by(viewer_id, today, cool_down_days=cool_down_days))
    query = select(*(
        select(func.count()).select_from(
            public.where(_fell_as(reason)).limit(counting.ENOUGH + 1).subquery()
        ).scalar_subquery() for reason in REASONS))
    return {reason: number for reason, number in zip(REASONS, session.execute(query).one(), strict=True) if number}


def _fell_as(reason: DistributionStatus | None) -> ColumnElement[bool]:
    """Written so that PostgreSQL finds it in an index, which it does not look into for IS NOT DISTINCT FROM."""
    return Customer.public_as.is_(None) if reason is None else Customer.public_as == reason


@dataclass(frozen=True)
class Departure:
    """A customer whom somebody saw in the pool and who is no longer there for him.

    Args:
        began: how the holding began that took him out; None where that cannot be told, be it that it is long ago, that
            he was the viewer's own before, or that he never was in the pool.
        holder: whose he is now, likewise.
    """

    customer_id: int
    began: Origin | None = None
    holder: Employee | None = None


def departures(session: Session, viewer_id: int, shown: Collection[int], *, today: dt.date,
               cool_down_days: int = 0) -> list[Departure]:
    """Which of the customers somebody was shown he could no longer claim. Two queries, whatever their number.

    Of an id that was never in the pool for him nothing is told but that: it reads like one that does not exist.
    """
    still = set(session.scalars(select(Customer.id).where(
        Customer.id.in_(shown), claimable_by(viewer_id, today, cool_down_days=cool_down_days))))
    gone = sorted(set(shown) - still)
    if not gone:
        return []
    holdings: dict[int, list[Distribution]] = {}
    for row in session.scalars(select(Distribution).where(Distribution.customer_id.in_(gone))
                               .options(joinedload(Distribution.consultant)).order_by(Distribution.id)):
        holdings.setdefault(row.customer_id, []).append(row)
    return [_departure(customer_id, holdings.get(customer_id, []), viewer_id, today) for customer_id in gone]


def _departure(customer_id: int, holdings: list[Distribution], viewer_id: int, today: dt.date) -> Departure:
    """What may be told of a customer who is gone: only what took him out of a pool where the viewer could see him."""
    last, before = holdings[-1] if holdings else None, holdings[-2] if len(holdings) > 1 else None
    out_of_the_pool = last is not None and last.origin in (Origin.CLAIM, Origin.ASSIGNMENT)
    if last is None or not out_of_the_pool or last.started_on < today - ONE_DAY:
        return Departure(customer_id)
    if before is not None and before.consultant_id == viewer_id:
        return Departure(customer_id)
    return Departure(customer_id, last.origin, last.consultant)


def arrivals(session: Session, viewer_id: int, shown: Collection[int], *, today: dt.date,
             filter_: PoolFilter | None = None, after: tuple[dt.date, int] | None = None,
             until: tuple[dt.date, int] | None = None, cool_down_days: int = 0) -> int:
    """How many customers have come to a page of the pool since it was shown; MOST_ANNOUNCED + 1 stands for more.

    Whoever comes into the pool does so with the day on which he comes, so that only the newest of it are looked at.

    Args:
        shown: who was on the page.
        after, until: where the page begins and ends, as in `page`; None where it is the first or the last.
    """
    conditions = [claimable_by(viewer_id, today, cool_down_days=cool_down_days), Customer.public_on >= today - ONE_DAY,
                  Customer.id.not_in(shown), *(filter_ or PoolFilter()).clauses(today)]
    place = tuple_(Customer.public_on, Customer.id)
    conditions += [place < after] if after is not None else []
    conditions += [place > until] if until is not None else []
    return counting.up_to(session, MOST_ANNOUNCED + 1, select(Customer.id).where(*conditions))


def _count_by_customer(session: Session, column: InstrumentedAttribute[int], ids: list[int]) -> dict[int, int]:
    rows = session.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    return {customer_id: number for customer_id, number in rows}
