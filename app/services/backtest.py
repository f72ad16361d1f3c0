"""Other rules against the recorded past: what of the enrolments of the last year they would have been in the way of.

Method. Each holding that ended with an enrolment in the last 365 days is lived through again: it begins on its
recorded day, each follow-up saved while it lasted moves the clock on the day it was saved, and the rules say on which
day it would have fallen. Everybody is taken to have done just what he did.

- *Moved*: the winner had claimed the customer out of the pool, where another consultant had lost him to the clock;
  under these rules that one would still have held him on the day of the claim.
- *Cut off*: under these rules the winner would have lost the customer by the day of the enrolment; by which term.

An enrolment counts once: one that would have moved is not looked at further. What is not on record cannot be lived
through: former locks, departments and calendars; leaves, the present departments and sources are. So even the present
rules may count a few; what tells is the difference.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import Customer, Distribution, Employee, FollowUp
from app.models.choices import DistributionStatus, Origin, Source
from app.services import leaves
from app.services.calendars import Leaves
from app.services.rule_book import Clock, RuleBook
from app.services.standing import LOST

YEAR = dt.timedelta(days=365)
BATCH = 500


@dataclass(frozen=True)
class Backtest:
    """What would have become of the enrolments of the last year.

    Args:
        won: how many there were.
        no_follow_up: how many would have been cut off by the follow-up term.
        no_deal: how many by the deal term.
        moved: how many would not have been the winner's to win.
    """

    won: int = 0
    no_follow_up: int = 0
    no_deal: int = 0
    moved: int = 0


class Holding(NamedTuple):
    """A holding as it is on record, and of whom."""

    id: int
    customer_id: int
    consultant_id: int
    department_code: int
    source: Source
    origin: Origin
    status: DistributionStatus
    started_on: dt.date
    ended_on: dt.date


def backtest(session: Session, books: Sequence[RuleBook], *, today: dt.date, batch: int = BATCH) -> list[Backtest]:
    """How the enrolments of the last year would have gone under each of these books.

    The past is read once for all of them, a batch of enrolments at a time: each batch costs three queries.
    """
    found = [Backtest() for _book in books]
    for won in session.execute(_enrolments(today)).partitions(batch):
        holdings = [Holding(*row) for row in won]
        past = _past(session, holdings)
        for index, book in enumerate(books):
            for each in holdings:
                found[index] = _counted(found[index], book, each, past)
    return found


def falls_on(clock: Clock, received: dt.date, followed_up: Iterable[dt.date]) -> tuple[dt.date, DistributionStatus]:
    """When a holding would have fallen, and of what, had it been followed up on these days, oldest first."""
    end = clock.fall(received, received)
    for day in followed_up:
        if day >= end.public_on:
            break
        end = clock.fall(received, day)
    return end.public_on, end.public_as


class _Past(NamedTuple):
    """What else is on record of some holdings.

    Args:
        former: by holding the one before it, where it was lost to the clock and the customer then claimed.
        followed_up: by customer the days, oldest first.
        away: by consultant the approved leaves.
    """

    former: dict[int, Holding]
    followed_up: dict[int, list[dt.date]]
    away: dict[int, Leaves]


def _past(session: Session, won: list[Holding]) -> _Past:
    former = _former(session, won)
    return _Past(former, _follow_ups(session, won),
                 leaves.approved(session, {each.consultant_id for each in (*won, *former.values())}))


def _counted(so_far: Backtest, book: RuleBook, won: Holding, past: _Past) -> Backtest:
    """The count with one enrolment more."""
    def fall_of(holding: Holding) -> tuple[dt.date, DistributionStatus]:
        clock = book.clock(holding.department_code, holding.source, past.away.get(holding.consultant_id, ()))
        days = past.followed_up.get(holding.customer_id, ())
        return falls_on(clock, holding.started_on,
                        (day for day in days if holding.started_on <= day < holding.ended_on))

    so_far = replace(so_far, won=so_far.won + 1)
    lost = past.former.get(won.id)
    if lost is not None and fall_of(lost)[0] > won.started_on:
        return replace(so_far, moved=so_far.moved + 1)
    fell_on, fell_as = fall_of(won)
    if fell_on > won.ended_on:
        return so_far
    if fell_as is DistributionStatus.NO_DEAL:
        return replace(so_far, no_deal=so_far.no_deal + 1)
    return replace(so_far, no_follow_up=so_far.no_follow_up + 1)


_HOLDING: tuple[Any, ...] = (
    Distribution.id, Distribution.customer_id, Distribution.consultant_id, Employee.department_code,
    Customer.source, Distribution.origin, Distribution.status, Distribution.started_on, Distribution.ended_on)


def _enrolments(today: dt.date) -> Select[Any]:
    return (select(*_HOLDING).join(Distribution.consultant).join(Distribution.customer)
            .where(Distribution.status == DistributionStatus.ENROLLED, Distribution.ended_on > today - YEAR,
                   Distribution.ended_on <= today))


def _former(session: Session, won: list[Holding]) -> dict[int, Holding]:
    """By the winner's holding the one before it, if that was lost to the clock and he then claimed the customer."""
    claimed = {each.customer_id for each in won if each.origin is Origin.CLAIM}
    earlier: dict[int, list[Holding]] = {}
    if claimed:
        for row in session.execute(
                select(*_HOLDING).join(Distribution.consultant).join(Distribution.customer)
                .where(Distribution.customer_id.in_(sorted(claimed)),
                       Distribution.status != DistributionStatus.FOLLOWING).order_by(Distribution.id)):
            earlier.setdefault(row.customer_id, []).append(Holding(*row))
    found = {}
    for each in won:
        before = [other for other in earlier.get(each.customer_id, ()) if other.id < each.id]
        if each.origin is Origin.CLAIM and before and before[-1].status in LOST:
            found[each.id] = before[-1]
    return found


def _follow_ups(session: Session, holdings: list[Holding]) -> dict[int, list[dt.date]]:
    """The days on which these customers were followed up, oldest first."""
    found: dict[int, list[dt.date]] = {}
    for customer_id, day in session.execute(
            select(FollowUp.customer_id, FollowUp.saved_on)
            .where(FollowUp.customer_id.in_(sorted({each.customer_id for each in holdings})))
            .order_by(FollowUp.saved_on)):
        found.setdefault(customer_id, []).append(day)
    return found
