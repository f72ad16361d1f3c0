"""A consultant's desk: what there is to do, what became of the month, each number with the rows it counts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus, Origin
from app.models.types import Kind
from app.services import my_customers, pool
from app.services.rules import ONE_DAY, PoolRules

LOST = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)


class Show(Kind):
    """A part of a consultant's holdings, as the tiles of his day count it and My Customers lists it."""

    FOLLOWING = "following", _l("Following up")
    FALLING = "falling", _l("Falling tonight")
    DUE = "due", _l("Contacts due")
    NEW = "new", _l("New to me")
    WON = "won", _l("Won this month")
    LOST = "lost", _l("Lost this month")
    CLAIMED = "claimed", _l("Claimed this month")


@dataclass(frozen=True)
class Day:
    """What a consultant did on a day, and what became of his customers."""

    day: dt.date
    won: int
    lost: int
    claimed: int
    follow_ups: int


def condition(show: Show, consultant_id: int, *, today: dt.date, rules: PoolRules) -> ColumnElement[bool]:
    """The rows of a consultant's holdings, joined with their customers, that belong to a part."""
    open_, month = Distribution.status == DistributionStatus.FOLLOWING, today.replace(day=1)
    found: dict[Show, ColumnElement[bool]] = {
        Show.FOLLOWING: and_(open_, pool.is_held(today)),
        Show.FALLING: and_(open_, pool.about_to_fall(today, rules.warn_days)),
        Show.NEW: and_(open_, pool.is_held(today), ~_followed_up(consultant_id)),
        Show.DUE: and_(pool.belongs_to(consultant_id, today), _is_last_holding(),
                       my_customers.is_due(Customer.id, today)),
        Show.WON: and_(Distribution.status == DistributionStatus.ENROLLED, Distribution.ended_on >= month),
        Show.LOST: or_(and_(Distribution.status.in_(LOST), Distribution.ended_on >= month),
                       and_(open_, pool.is_public(today), Customer.public_as.in_(LOST), Customer.public_on >= month)),
        Show.CLAIMED: and_(Distribution.origin == Origin.CLAIM, Distribution.started_on >= month)}
    return and_(Distribution.consultant_id == consultant_id, found[show])


def _followed_up(consultant_id: int) -> ColumnElement[bool]:
    """Whether the consultant has followed the customer up since he holds him."""
    return exists().where(FollowUp.customer_id == Distribution.customer_id, FollowUp.consultant_id == consultant_id,
                          FollowUp.saved_on >= Distribution.started_on)


def _is_last_holding() -> ColumnElement[bool]:
    other = Distribution.__table__.alias("other_holding")
    last = select(func.max(other.c.id)).where(other.c.customer_id == Customer.id).correlate(Customer).scalar_subquery()
    return Distribution.id == last


def counts(session: Session, consultant_id: int, *, today: dt.date, rules: PoolRules) -> dict[Show, int]:
    """How many rows each part has: one statement."""
    found = session.execute(select(*(
        select(func.count()).select_from(Distribution).join(Distribution.customer)
        .where(condition(show, consultant_id, today=today, rules=rules)).scalar_subquery() for show in Show))).one()
    return dict(zip(Show, found, strict=True))


def new_to(session: Session, consultant_id: int, *, today: dt.date, rules: PoolRules,
           size: int = 6) -> list[Distribution]:
    """The holdings nobody has followed up yet, the soonest to fall first."""
    query = (select(Distribution).join(Distribution.customer)
             .where(condition(Show.NEW, consultant_id, today=today, rules=rules))
             .options(contains_eager(Distribution.customer).selectinload(Customer.courses))
             .order_by(Customer.public_on, Distribution.id).limit(size))
    return list(session.scalars(query))


def month(session: Session, consultant_id: int, *, today: dt.date) -> list[Day]:
    """The days of this month up to today: three queries."""
    first = today.replace(day=1)
    ended: dict[tuple[dt.date, DistributionStatus], int] = {(day, status): number for day, status, number in
        session.execute(select(Distribution.ended_on, Distribution.status, func.count()).where(
            Distribution.ended_on >= first, Distribution.consultant_id == consultant_id).group_by(
            Distribution.ended_on, Distribution.status)) if day is not None}
    claimed: dict[dt.date, int] = {day: number for day, number in session.execute(
        select(Distribution.started_on, func.count()).where(
            Distribution.started_on >= first, Distribution.origin == Origin.CLAIM,
            Distribution.consultant_id == consultant_id).group_by(Distribution.started_on))}
    followed: dict[dt.date, int] = {day: number for day, number in session.execute(
        select(FollowUp.saved_on, func.count()).where(
            FollowUp.saved_on >= first, FollowUp.consultant_id == consultant_id).group_by(FollowUp.saved_on))}
    days = [first + number * ONE_DAY for number in range((today - first).days + 1)]
    return [Day(day, ended.get((day, DistributionStatus.ENROLLED), 0), sum(ended.get((day, why), 0) for why in LOST),
                claimed.get(day, 0), followed.get(day, 0)) for day in days]
