"""The sales floor in numbers: of everyone, or of the consultants of one department."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, joinedload, selectinload

from app.models import Customer, Distribution, Employee, FollowUp, Leave, SalesRank
from app.models.choices import DepartmentFunction, DistributionStatus, LeaveState, Origin, RowScope
from app.permissions import Permission, scope_of_all
from app.services import employees, my_customers, pool, standing
from app.services.rule_book import RuleBook
from app.services.rules import ONE_DAY
from app.services.standing import LOST

NEARLY = 0.9
"""Whoever holds so much of what he may is nearly full."""


@dataclass(frozen=True)
class Reach:
    """How much of the floor somebody sees: all of it, or a department's desks."""

    scope: RowScope
    department: int | None


def reach_of(employee: Employee) -> Reach | None:
    """The floor of whoever moves customers between consultants; None for those who move none."""
    scope = scope_of_all(employee, Permission.CUSTOMER_ASSIGN, Permission.CUSTOMER_READ, Permission.DISTRIBUTION_READ)
    if scope not in (RowScope.ALL, RowScope.DEPARTMENT):
        return None
    return Reach(scope, employee.department_code if scope is RowScope.DEPARTMENT else None)


def overseers(session: Session) -> dict[int, Reach]:
    """Everybody who sees the floor or a part of it, by number: two queries."""
    people = session.scalars(select(Employee).where(Employee.active).order_by(Employee.id)
                             .options(selectinload(Employee.roles)))
    return {each.id: reach for each in people if (reach := reach_of(each)) is not None}


@dataclass(frozen=True)
class Numbers:
    """Counts of customers, holdings and follow-ups.

    Args:
        held: customers now, of whom so many are `falling` tonight, `overdue` for a contact, `untouched` by a follow-up.
        won, lost: holdings since the month began; `fell` those that went into the pool last night.
        follow_ups: of today.
    """

    held: int = 0
    falling: int = 0
    overdue: int = 0
    untouched: int = 0
    won: int = 0
    lost: int = 0
    fell: int = 0
    follow_ups: int = 0


@dataclass(frozen=True)
class Desk:
    """One consultant's numbers.

    Args:
        slots: how many leads he is given in a round; None if he has no rank.
        limit: how many customers he may hold; 0 any number.
        away_until: the last day of the leave he is on.
    """

    consultant: Employee
    numbers: Numbers
    slots: int | None = None
    limit: int = 0
    away_until: dt.date | None = None

    @property
    def is_over(self) -> bool:
        return 0 < self.limit < self.numbers.held

    @property
    def is_full(self) -> bool:
        return 0 < self.limit == self.numbers.held

    @property
    def is_nearly_full(self) -> bool:
        return self.limit * NEARLY <= self.numbers.held < self.limit


@dataclass(frozen=True)
class Fallen:
    """Whom one consultant lost to the pool last night: how many for which reason, and the first of them."""

    consultant: Employee
    reasons: dict[DistributionStatus, int]
    shown: list[Distribution]

    @property
    def number(self) -> int:
        return sum(self.reasons.values())


Ended = dict[tuple[dt.date, DistributionStatus], int]
"""How many holdings ended on a day with a status."""


def desks(session: Session, *, today: dt.date, book: RuleBook, department: int | None = None) -> list[Desk]:
    """The numbers of everyone who may hold customers, most about to fall first: seven queries whatever their number.

    Args:
        department: only the consultants of the department with this code.
    """
    held: dict[int, tuple[int, ...]] = {consultant_id: tuple(numbers) for consultant_id, *numbers in session.execute(
        _held(today, Customer.consultant_id).group_by(Customer.consultant_id))}
    ended: dict[tuple[int, DistributionStatus], int] = {
        (consultant_id, status): number for consultant_id, status, number in session.execute(
            select(Distribution.consultant_id, Distribution.status, func.count())
            .where(Distribution.ended_on.between(today.replace(day=1), today))
            .group_by(Distribution.consultant_id, Distribution.status))}
    fell = _by_consultant(session, select(Distribution.consultant_id, func.count())
                          .where(standing.fell_last_night(today)).group_by(Distribution.consultant_id))
    followed = _by_consultant(session, select(FollowUp.consultant_id, func.count())
                              .where(FollowUp.saved_on == today).group_by(FollowUp.consultant_id))
    slots = _by_consultant(session, select(SalesRank.consultant_id, SalesRank.num))
    away: dict[int, dt.date] = {employee_id: last for employee_id, last in session.execute(
        select(Leave.employee_id, Leave.last_on).where(Leave.state == LeaveState.APPROVED, Leave.first_on <= today,
                                                       Leave.last_on >= today))}
    consultants = employees.of_function(DepartmentFunction.SALES).options(joinedload(Employee.department))
    if department is not None:
        consultants = consultants.where(Employee.department_code == department)
    found = [Desk(each, Numbers(**_named(held.get(each.id, (0, 0, 0, 0))),
                                won=ended.get((each.id, DistributionStatus.ENROLLED), 0),
                                lost=sum(ended.get((each.id, status), 0) for status in LOST),
                                fell=fell.get(each.id, 0), follow_ups=followed.get(each.id, 0)),
                  slots.get(each.id), book.of(each.department_code).holding_limit, away.get(each.id))
             for each in session.scalars(consultants)]
    return sorted(found, key=lambda desk: (-desk.numbers.falling, -desk.numbers.held))


def numbers(session: Session, *, today: dt.date, department: int | None = None) -> Numbers:
    """The present numbers of everyone, those included who hold customers no more: four queries."""
    held = session.execute(_held(today).where(*_within(Customer.consultant_id, department))).one()
    ended = {status: number for status, number in session.execute(
        select(Distribution.status, func.count()).where(
            Distribution.ended_on >= today.replace(day=1), *_within(Distribution.consultant_id, department))
        .group_by(Distribution.status))}
    fell = session.scalar(select(func.count()).select_from(Distribution).where(
        standing.fell_last_night(today), *_within(Distribution.consultant_id, department))) or 0
    followed = session.scalar(select(func.count()).select_from(FollowUp).where(
        FollowUp.saved_on == today, *_within(FollowUp.consultant_id, department))) or 0
    return Numbers(**_named(held), won=ended.get(DistributionStatus.ENROLLED, 0),
                   lost=sum(ended.get(status, 0) for status in LOST), fell=fell, follow_ups=followed)


def _held(today: dt.date, *columns: Any) -> Select[Any]:
    """How many customers are held, and how many of them are to be looked after; `_named` gives the names."""
    def of_them(condition: ColumnElement[bool]) -> Any:
        return func.sum(case((condition, 1), else_=0))

    return select(*columns, func.count(), of_them(pool.about_to_fall(today, standing.TONIGHT)),
                  of_them(standing.is_overdue(today)), of_them(standing.is_untouched(today))).select_from(
        Customer).where(pool.is_held(today))


def _named(counts: Sequence[int | None]) -> dict[str, int]:
    return {name: number or 0 for name, number in zip(("held", "falling", "overdue", "untouched"), counts, strict=True)}


def _by_consultant(session: Session, query: Select[int, int]) -> dict[int, int]:
    return {consultant_id: number for consultant_id, number in session.execute(query)}


def falling_next(session: Session, *, today: dt.date, department: int | None = None, size: int = 8) -> list[Customer]:
    """Whom we lose next, soonest first, with their consultants."""
    query = (select(Customer).where(pool.is_held(today), *_within(Customer.consultant_id, department))
             .options(joinedload(Customer.consultant)).order_by(Customer.public_on, Customer.id).limit(size))
    return list(session.scalars(query))


def nights(session: Session, *, today: dt.date, department: int | None = None, days: int = 4) -> dict[dt.date, int]:
    """How many fall on each of the days to come, tomorrow first, if nobody does anything."""
    counted: dict[dt.date | None, int] = {day: number for day, number in session.execute(
        select(Customer.public_on, func.count()).where(
            pool.is_held(today), Customer.public_on <= today + days * ONE_DAY,
            *_within(Customer.consultant_id, department)).group_by(Customer.public_on))}
    return {day: counted.get(day, 0) for day in (today + number * ONE_DAY for number in range(1, days + 1))}


def fell(session: Session, *, today: dt.date, department: int | None = None, each: int = 6) -> list[Fallen]:
    """Who lost whom to the pool last night and why, most first: three queries.

    Args:
        each: so many customers are shown of each consultant.
    """
    condition = (standing.fell_last_night(today), *_within(Distribution.consultant_id, department))
    shown_as = my_customers.status_shown(today)
    counts: dict[int, dict[DistributionStatus, int]] = {}
    for consultant_id, status, number in session.execute(
            select(Distribution.consultant_id, shown_as, func.count()).join(Distribution.customer)
            .where(*condition).group_by(Distribution.consultant_id, shown_as)):
        counts.setdefault(consultant_id, {})[DistributionStatus(status)] = number
    place = func.row_number().over(partition_by=Distribution.consultant_id, order_by=Distribution.id)
    ranked = select(Distribution.id.label("id"), place.label("place")).where(*condition).subquery()
    ids = list(session.scalars(select(ranked.c.id).where(ranked.c.place <= each)))
    rows: dict[int, list[Distribution]] = {}
    for row in session.scalars(
            select(Distribution).join(Distribution.customer).where(Distribution.id.in_(ids))
            .order_by(Distribution.consultant_id, Distribution.id)
            .options(contains_eager(Distribution.customer).joinedload(Customer.consultant),
                     joinedload(Distribution.consultant).joinedload(Employee.department))):
        rows.setdefault(row.consultant_id, []).append(row)
    found = [Fallen(shown[0].consultant, counts[consultant_id], shown) for consultant_id, shown in rows.items()]
    return sorted(found, key=lambda fallen: -fallen.number)


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
