"""A consultant's desk: what there is to do, what became of the month, each number with the rows it counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.models import AssignmentEntry, AuditEntry, Customer, Distribution, Employee, FollowUp
from app.models.audit import AuditAction
from app.models.choices import DistributionStatus, Origin
from app.models.types import Kind
from app.services import my_customers, pool
from app.services.rules import ONE_DAY
from app.services.standing import LOST, TONIGHT


class Show(Kind):
    """A part of a consultant's holdings, as the tiles of his day count it and My Customers lists it."""

    FOLLOWING = "following", _l("Following up")
    FALLING = "falling", _l("Falling tonight")
    DUE = "due", _l("Contacts due")
    NEW = "new", _l("New to me")
    PLANNED = "planned", _l("Contacts promised")
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


def condition(show: Show, consultant_id: int, *, today: dt.date) -> ColumnElement[bool]:
    """The rows of a consultant's holdings, joined with their customers, that belong to a part."""
    open_, month = Distribution.status == DistributionStatus.FOLLOWING, today.replace(day=1)
    found: dict[Show, ColumnElement[bool]] = {
        Show.FOLLOWING: and_(open_, pool.is_held(today)),
        Show.FALLING: and_(open_, pool.about_to_fall(today, TONIGHT)),
        Show.NEW: and_(open_, pool.is_held(today), ~_followed_up(consultant_id)),
        Show.DUE: and_(pool.belongs_to(consultant_id, today), _is_last_holding(),
                       my_customers.is_due(Customer.id, today)),
        Show.PLANNED: and_(pool.belongs_to(consultant_id, today), _is_last_holding(),
                           my_customers.is_planned(Customer.id, today)),
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


def counts(session: Session, consultant_id: int, *, today: dt.date) -> dict[Show, int]:
    """How many rows each part has: one statement."""
    found = session.execute(select(*(
        select(func.count()).select_from(Distribution).join(Distribution.customer)
        .where(condition(show, consultant_id, today=today)).scalar_subquery() for show in Show))).one()
    return dict(zip(Show, found, strict=True))


def new_to(session: Session, consultant_id: int, *, today: dt.date, size: int = 6) -> list[Distribution]:
    """The holdings he has not followed up yet, the newest first."""
    query = (select(Distribution).join(Distribution.customer)
             .where(condition(Show.NEW, consultant_id, today=today))
             .options(contains_eager(Distribution.customer).selectinload(Customer.courses))
             .order_by(Distribution.started_on.desc(), Distribution.id.desc()).limit(size))
    return list(session.scalars(query))


@dataclass(frozen=True)
class Given:
    """Who gave a consultant a customer: by name, if it was somebody else; the ledger's line, if it was his turn."""

    by: str | None = None
    entry: AssignmentEntry | None = None


def given(session: Session, holdings: Sequence[Distribution]) -> dict[int, Given]:
    """By holding, who gave it and why: two queries."""
    ids = [row.id for row in holdings]
    entries = {entry.distribution_id: entry for entry in session.scalars(
        select(AssignmentEntry).where(AssignmentEntry.distribution_id.in_(ids))
        .options(joinedload(AssignmentEntry.round)))}
    by = {row_id: (employee_id, name) for row_id, employee_id, name in session.execute(
        select(AuditEntry.row_id, Employee.id, Employee.name).join(Employee, Employee.id == AuditEntry.actor_id)
        .where(AuditEntry.table_name == Distribution.__tablename__, AuditEntry.row_id.in_(ids),
               AuditEntry.action == AuditAction.CREATED))}
    return {row.id: Given(by[row.id][1] if row.id in by and by[row.id][0] != row.consultant_id else None,
                          entries.get(row.id)) for row in holdings}


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
