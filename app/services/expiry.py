"""The nightly expiry: it writes down what the clock has already decided.

Who is public never depends on it. It copies `public_as` and `public_on` of public customers into their open rows and
looks at no other date, so it may run late, twice, by two workers at once, be killed anywhere or be missed for a
month: the rows end the same. Consultants are told whom they lost in the same transactions.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.models import Customer, Distribution
from app.models.choices import CustomerStatus, DistributionStatus
from app.services import distributions, hands
from app.services.audit import AUDITED
from app.services.hands import Closed

BATCH = 1000


@dataclass(frozen=True)
class Expired:
    """How many holdings were closed, by the rule that ended them."""

    closed_follow_up: int = 0
    closed_deal: int = 0

    def __add__(self, other: Expired) -> Expired:
        return Expired(self.closed_follow_up + other.closed_follow_up, self.closed_deal + other.closed_deal)


def expire(session: Session, as_of: dt.date, *, now: Callable[[], dt.datetime],
           on_batch: Callable[[int, int, Expired], None], batch: int = BATCH) -> Expired:
    """Close the open row of every customer who was public on a date, in batches.

    Args:
        as_of: a business date, not later than today.
        now: gives the instant that is written into a batch's rows.
        on_batch: called after each batch with the customers done, those there were to do and what the batch closed;
            the caller commits there, so that each batch is one transaction.
        batch: how many customers are locked at once.
    """
    awaiting = {consultant_id: number for consultant_id, number in session.execute(
        select(Distribution.consultant_id, func.count()).join(Distribution.customer).where(*_awaiting(as_of))
        .group_by(Distribution.consultant_id))}
    total, many = sum(awaiting.values()), hands.losing_many(session, as_of, awaiting)
    done, last_id, closed = 0, 0, Expired()
    while ids := _next_customers(session, as_of, last_id, batch):
        instant = now()
        rows = _close(session, ids, as_of, instant)
        hands.lost_to_the_night(session, as_of, rows, many, now=instant)
        part = _counted(rows)
        done, last_id, closed = done + len(ids), ids[-1], closed + part
        on_batch(done, max(total, done), part)
    return closed


def _awaiting(as_of: dt.date) -> tuple[ColumnElement[bool], ...]:
    return (Distribution.status == DistributionStatus.FOLLOWING,
            Customer.status == CustomerStatus.NOT_ENROLLED,
            Customer.public_on <= as_of,
            Customer.public_as.is_not(None))


def _next_customers(session: Session, as_of: dt.date, after_id: int, batch: int) -> list[int]:
    """The next public customers with an open row, locked in the order of their ids (customer before distribution)."""
    query = (select(Customer.id).join(Distribution, Distribution.customer_id == Customer.id)
             .where(*_awaiting(as_of), Customer.id > after_id)
             .order_by(Customer.id).limit(batch).with_for_update(of=Customer))
    return list(session.scalars(query))


def _close(session: Session, customer_ids: list[int], as_of: dt.date, now: dt.datetime) -> list[Closed]:
    """Close the open rows of locked customers as their fall says."""
    mine = Customer.id == Distribution.customer_id
    still_public = (select(Customer.id).where(mine, Customer.status == CustomerStatus.NOT_ENROLLED,
                                              Customer.public_on <= as_of).exists())
    rows = [Closed(*row) for row in session.execute(
        update(Distribution)
        .where(Distribution.customer_id.in_(customer_ids), Distribution.status == DistributionStatus.FOLLOWING,
               still_public)
        .values(status=select(Customer.public_as).where(mine).scalar_subquery(),
                ended_on=select(Customer.public_on).where(mine).scalar_subquery(),
                closed_at=now)
        .returning(*distributions.CLOSED)
        .execution_options(synchronize_session=False, **AUDITED))]
    distributions.record_closed(session, rows, now)
    return rows


def _counted(rows: list[Closed]) -> Expired:
    closed = Counter(each.status for each in rows)
    return Expired(closed[DistributionStatus.NO_FOLLOW_UP], closed[DistributionStatus.NO_DEAL])
