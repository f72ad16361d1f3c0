"""My Customers: a consultant's holdings, past ones included, and what he has to do today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Tuple, and_, case, exists, func, select, tuple_
from sqlalchemy.orm import Session, contains_eager, selectinload

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus
from app.services import counting, pool
from app.services.pool import MOST_ANNOUNCED
from app.services.rules import ONE_DAY
from app.services.text import like_pattern

_GOING_ON = (DistributionStatus.FOLLOWING, DistributionStatus.ENROLLED)
_IN_THIS_HOLDING = FollowUp.saved_on >= Customer.recv_date


@dataclass(frozen=True)
class HoldingsPage:
    """Some holdings, newest first; `after` begins the next page, None on the last."""

    rows: list[Distribution]
    after: tuple[dt.date, int] | None


def page(session: Session, consultant_id: int, *, today: dt.date, status: DistributionStatus | None = None,
         name: str | None = None, only: ColumnElement[bool] | None = None, after: tuple[dt.date, int] | None = None,
         size: int = 50) -> HoldingsPage:
    """A page of a consultant's holdings (S2: a month's performance includes those not won).

    Args:
        status: only those shown with this status.
        name: only those whose customer's name contains this.
        only: a further condition on the holding and its customer, such as `desk.condition`.
    """
    query = (_matching(consultant_id, today, status, name, only)
             .options(contains_eager(Distribution.customer).selectinload(Customer.courses))
             .order_by(Distribution.started_on.desc(), Distribution.id.desc()).limit(size + 1))
    if after is not None:
        query = query.where(_place() < after)
    rows = list(session.scalars(query))
    more, rows = len(rows) > size, rows[:size]
    return HoldingsPage(rows, (rows[-1].started_on, rows[-1].id) if more else None)


def _matching(consultant_id: int, today: dt.date, status: DistributionStatus | None,
              name: str | None, only: ColumnElement[bool] | None) -> Select[Distribution]:
    query = select(Distribution).join(Distribution.customer).where(Distribution.consultant_id == consultant_id)
    if status is not None:
        query = query.where(status_shown(today) == status)
    if only is not None:
        query = query.where(only)
    if name:
        query = query.where(Customer.name.ilike(like_pattern(name), escape="\\"))
    return query


def _place() -> Tuple:
    return tuple_(Distribution.started_on, Distribution.id)


def is_live(row: Distribution, today: dt.date) -> bool:
    """Whether a holding still gives its consultant the customer: open and not public, or won and still his."""
    return row.status in _GOING_ON and row.customer.belongs_to(row.consultant_id, today)


def departures(session: Session, consultant_id: int, shown: Collection[int], *, today: dt.date) -> list[Distribution]:
    """Which of a consultant's holdings are over. Of others' nothing is told: they read like ones that do not exist."""
    query = (select(Distribution).join(Distribution.customer).options(contains_eager(Distribution.customer))
             .where(Distribution.id.in_(shown), Distribution.consultant_id == consultant_id)
             .order_by(Distribution.id))
    return [row for row in session.scalars(query) if not is_live(row, today)]


def arrivals(session: Session, consultant_id: int, shown: Collection[int], *, today: dt.date,
             status: DistributionStatus | None = None, name: str | None = None,
             only: ColumnElement[bool] | None = None, after: tuple[dt.date, int] | None = None,
             until: tuple[dt.date, int] | None = None) -> int:
    """How many holdings have begun, and go on, since a page of them was shown; MOST_ANNOUNCED + 1 stands for more.

    Args:
        shown: which were on the page.
        status, name, only: as the page was filtered.
        after, until: where the page begins and ends; None where it is the first or the last.
    """
    conditions = [Distribution.started_on >= today - ONE_DAY, Distribution.id.not_in(shown),
                  status_shown(today).in_(_GOING_ON)]
    conditions += [_place() < after] if after is not None else []
    conditions += [_place() > until] if until is not None else []
    found = _matching(consultant_id, today, status, name, only).where(*conditions).with_only_columns(Distribution.id)
    return counting.up_to(session, MOST_ANNOUNCED + 1, found)


def counts_by_status(session: Session, consultant_id: int, *, today: dt.date) -> dict[DistributionStatus, int]:
    """How many of a consultant's holdings are shown with each status."""
    shown = status_shown(today)
    query = (select(shown, func.count()).select_from(Distribution).join(Distribution.customer)
             .where(Distribution.consultant_id == consultant_id).group_by(shown))
    return {DistributionStatus(status): number for status, number in session.execute(query)}


def number_held(session: Session, consultant_id: int, *, today: dt.date, most: int) -> int:
    """How many customers a consultant follows up now, counted no further than `most`."""
    return counting.up_to(session, most, select(Customer.id).where(
        Customer.consultant_id == consultant_id, pool.is_held(today)))


def falling_next(session: Session, consultant_id: int, *, today: dt.date, size: int = 4) -> list[Customer]:
    """Whom the consultant loses next, soonest first."""
    query = (select(Customer).where(Customer.consultant_id == consultant_id, pool.is_held(today))
             .options(selectinload(Customer.courses))
             .order_by(Customer.public_on, Customer.id).limit(size))
    return list(session.scalars(query))


def contacts_due(session: Session, consultant_id: int, *, today: dt.date, size: int = 8) -> list[FollowUp]:
    """The last follow-up of each own customer whose next contact is due by today, oldest first.

    What a former consultant promised is not counted.
    """
    query = (due(pool.belongs_to(consultant_id, today), today).options(contains_eager(FollowUp.customer))
             .order_by(FollowUp.next_contact_on, FollowUp.id).limit(size))
    return list(session.scalars(query))


def contacts_planned(session: Session, consultant_id: int, *, today: dt.date, size: int = 6) -> list[FollowUp]:
    """The last follow-up of each own customer who is to be contacted after today, soonest first."""
    query = (_last_words(pool.belongs_to(consultant_id, today)).where(FollowUp.next_contact_on > today)
             .options(contains_eager(FollowUp.customer)).order_by(FollowUp.next_contact_on, FollowUp.id).limit(size))
    return list(session.scalars(query))


def number_due(session: Session, consultant_id: int, *, today: dt.date) -> int:
    """How many own customers are to be contacted by today."""
    return session.scalar(due(pool.belongs_to(consultant_id, today), today).with_only_columns(func.count())) or 0


def due(whose: ColumnElement[bool], today: dt.date) -> Select[FollowUp]:
    """The last follow-up of each customer of somebody's whose next contact is due by today.

    Args:
        whose: the customers, such as `pool.belongs_to`.
    """
    return _last_words(whose).where(FollowUp.next_contact_on <= today)


def _last_words(whose: ColumnElement[bool]) -> Select[FollowUp]:
    """The last follow-up of each of somebody's customers in his present holding."""
    return (select(FollowUp).join(FollowUp.customer)
            .where(whose, FollowUp.id == latest_follow_up_ids(Customer.id), _IN_THIS_HOLDING))


def is_due(customer_id: ColumnElement[int] | object, today: dt.date) -> ColumnElement[bool]:
    """Whether a customer is to be contacted by today, as his last follow-up in the present holding says."""
    return _says(customer_id, FollowUp.next_contact_on <= today)


def is_planned(customer_id: ColumnElement[int] | object, today: dt.date) -> ColumnElement[bool]:
    """Whether he is to be contacted on a later day, likewise."""
    return _says(customer_id, FollowUp.next_contact_on > today)


def _says(customer_id: ColumnElement[int] | object, when: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(FollowUp.id == latest_follow_up_ids(customer_id), _IN_THIS_HOLDING, when)


def next_contacts(session: Session, customer_ids: list[int]) -> dict[int, dt.date | None]:
    """The next contact of each customer, as his last follow-up in the present holding says."""
    query = select(FollowUp.customer_id, FollowUp.next_contact_on).join(FollowUp.customer).where(
        FollowUp.customer_id.in_(customer_ids), FollowUp.id == latest_follow_up_ids(Customer.id), _IN_THIS_HOLDING)
    return {customer_id: day for customer_id, day in session.execute(query)}


def latest_follow_up_ids(customer_id: ColumnElement[int] | object) -> ColumnElement[int]:
    """The id of a customer's last follow-up, as a correlated subquery."""
    other = FollowUp.__table__.alias("other")
    return (select(func.max(other.c.id)).where(other.c.customer_id == customer_id)
            .correlate(Customer).scalar_subquery())


def status_shown(today: dt.date) -> ColumnElement[DistributionStatus]:
    """As Distribution.status_shown, in the database; the customer is joined."""
    awaiting_the_night = and_(Distribution.status == DistributionStatus.FOLLOWING, pool.is_public(today),
                              Customer.public_as.is_not(None))
    return case((awaiting_the_night, Customer.public_as), else_=Distribution.status)
