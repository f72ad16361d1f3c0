"""Warnings and reminders: telling consultants what is about to happen, before it does.

A warning comes when a customer falls within the days the rules say, counted as his consultant's clock counts them, so
that it never comes on a day off alone; and once more on the last day that counts, when managers are told the numbers
too. What was told is known by its key, which holds the day of the fall: a clock that was set back and runs down again
is told again, and whoever runs this late, twice or beside another adds nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.models import Customer, Department, Employee, FollowUp
from app.models.choices import DepartmentFunction, DistributionStatus, NoticeKind
from app.services import floor, leaves, my_customers, notices, pool, rule_book
from app.services.calendars import CountedDays
from app.services.floor import Reach
from app.services.notices import Bundle, Details, News
from app.services.rules import ONE_DAY

BATCH = 100
"""So many consultants are told in one transaction."""

SOON, LAST_DAY = 1, 2
"""The grades of a warning."""

LATE = 7 * ONE_DAY
"""A reminder so long after its day would be no news."""


class _Consultant(NamedTuple):
    """A consultant with what decides when he is warned."""

    id: int
    department_code: int
    active: bool
    warn_days: int
    days: CountedDays

    def warned_until(self, today: dt.date) -> dt.date:
        """The last day of a fall that he is warned of today."""
        return self.days.after(today, self.warn_days)


def run(session: Session, *, today: dt.date, now: dt.datetime, is_open: bool, on_batch: Callable[[int, int], None],
        batch: int = BATCH) -> int:
    """Tell everybody what there is to tell today and was not told; how many notices are new.

    Args:
        is_open: whether the school has opened today, from when on people are reminded of contacts.
        on_batch: called with the consultants done and those there are after each batch; the caller commits there.
    """
    ids = list(session.scalars(select(Employee.id).join(Employee.department).where(
        Department.function == DepartmentFunction.SALES).order_by(Employee.id)))
    overseers, given = floor.overseers(session), 0
    for begin in range(0, len(ids), batch):
        consultants = _consultants(session, ids[begin:begin + batch])
        falling = _falling(session, consultants.values(), today)
        bundles = [_to_consultant(each, each.grade(today)) for each in falling if each.consultant.active]
        if is_open:
            bundles += _reminders(session, consultants, today)
        given += notices.give_bundles(session, bundles, now=now)
        given += notices.give(session, (news for each in falling if each.grade(today) == LAST_DAY
                                        for news in _to_managers(each, overseers)), now=now)
        on_batch(min(begin + batch, len(ids)), len(ids))
    return given


def _consultants(session: Session, ids: Collection[int]) -> dict[int, _Consultant]:
    book, away = rule_book.load(session), leaves.approved(session, ids)
    found = {}
    for employee_id, code, active in session.execute(
            select(Employee.id, Employee.department_code, Employee.active).where(Employee.id.in_(ids))):
        clock = book.clock(code, None, away.get(employee_id, ()))
        found[employee_id] = _Consultant(employee_id, code, active, clock.rules.warn_days, clock.days)
    return found


# --- before a fall ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Falling:
    """Customers of one consultant who fall on one day, with the status they will fall with."""

    consultant: _Consultant
    public_on: dt.date
    customers: Mapping[int, DistributionStatus | None]

    def grade(self, today: dt.date) -> int:
        return LAST_DAY if self.public_on <= self.consultant.days.after(today, 1) else SOON


def _falling(session: Session, consultants: Iterable[_Consultant], today: dt.date) -> list[_Falling]:
    """Whoever is about to fall, by consultant and day: one query."""
    until: dict[dt.date, list[int]] = defaultdict(list)
    by_id = {each.id: each for each in consultants if each.warn_days}
    for each in by_id.values():
        until[each.warned_until(today)].append(each.id)
    if not until:
        return []
    found: dict[tuple[int, dt.date], dict[int, DistributionStatus | None]] = defaultdict(dict)
    for customer_id, consultant_id, public_on, public_as in session.execute(
            select(Customer.id, Customer.consultant_id, Customer.public_on, Customer.public_as)
            .where(pool.is_held(today), or_(*(
                and_(Customer.consultant_id.in_(ids), Customer.public_on <= day) for day, ids in until.items())))
            .order_by(Customer.public_on, Customer.id)):
        if consultant_id is not None and public_on is not None:
            found[consultant_id, public_on][customer_id] = public_as
    return [_Falling(by_id[consultant_id], public_on, customers)
            for (consultant_id, public_on), customers in found.items()]


def _to_consultant(falling: _Falling, grade: int) -> Bundle:
    employee_id, day = falling.consultant.id, falling.public_on.isoformat()
    details: Details = {"public_on": day, "grade": grade}
    total = News(employee_id, NoticeKind.WARNING, f"warnings/{day}/{grade}/{employee_id}", details=details)
    return Bundle(total, [
        News(employee_id, NoticeKind.WARNING, f"warning/{customer_id}/{day}/{grade}/{employee_id}", customer_id,
             {**details, "public_as": public_as}) for customer_id, public_as in falling.customers.items()])


def _to_managers(falling: _Falling, overseers: Mapping[int, Reach]) -> Iterable[News]:
    """Whoever sees the consultant's desk is told the number of those who fall, and nobody of his own."""
    consultant, day = falling.consultant, falling.public_on.isoformat()
    for employee_id, reach in overseers.items():
        if employee_id != consultant.id and reach.department in (None, consultant.department_code):
            yield News(employee_id, NoticeKind.TEAM_WARNING, f"team/{day}/{consultant.id}/{employee_id}", details={
                "consultant_id": consultant.id, "public_on": day, "number": len(falling.customers)})


# --- contacts that are due --------------------------------------------------------------------------------------------


def _reminders(session: Session, consultants: Mapping[int, _Consultant], today: dt.date) -> list[Bundle]:
    """The contacts that came due today, or in the last days while nobody could tell: one query."""
    active = [each.id for each in consultants.values() if each.active]
    found: dict[tuple[int, dt.date], list[int]] = defaultdict(list)
    for customer_id, consultant_id, day in session.execute(
            my_customers.due(pool.belongs_to_one_of(active, today), today)
            .with_only_columns(Customer.id, Customer.consultant_id, FollowUp.next_contact_on)
            .where(FollowUp.next_contact_on > today - LATE).order_by(FollowUp.next_contact_on, Customer.id)):
        if consultant_id is not None and day is not None:
            found[consultant_id, day].append(customer_id)
    return [_of_contacts(employee_id, day.isoformat(), customer_ids)
            for (employee_id, day), customer_ids in found.items()]


def _of_contacts(employee_id: int, day: str, customer_ids: list[int]) -> Bundle:
    details: Details = {"next_contact_on": day}
    return Bundle(News(employee_id, NoticeKind.REMINDER, f"reminders/{day}/{employee_id}", details=details), [
        News(employee_id, NoticeKind.REMINDER, f"reminder/{customer_id}/{day}/{employee_id}", customer_id, details)
        for customer_id in customer_ids])
