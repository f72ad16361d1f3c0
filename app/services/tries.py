"""Who tried what with a customer: his hands, how much each did, and what was said last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus

SHOWN = 5
"""So many of the last hands are told of one by one."""


@dataclass
class Try:
    """One hand: from when to when, how it ended, and what was tried.

    Args:
        holding: whose hand it was, and how it began.
        until: the day it ended, as people are shown it; None if it has not.
        ended_as: how, likewise.
        follow_ups: how many there were, by whoever wrote them.
        last: the last of them.
    """

    holding: Distribution
    until: dt.date | None
    ended_as: DistributionStatus
    follow_ups: int = 0
    last: FollowUp | None = None

    def days(self, today: dt.date) -> int:
        """For how many days he had the customer."""
        return ((self.until or today) - self.holding.started_on).days


@dataclass(frozen=True)
class Tries:
    """The last hands of a customer, the newest first, and how many came before them."""

    shown: list[Try] = field(default_factory=list)
    earlier: int = 0


def of(session: Session, customer: Customer, *, today: dt.date, most: int = SHOWN) -> Tries:
    """Who tried what: two queries."""
    holdings = list(session.scalars(
        select(Distribution).where(Distribution.customer_id == customer.id).order_by(Distribution.id.desc())
        .options(joinedload(Distribution.consultant))))
    found = [Try(row, row.ended_on_shown(today), row.status_shown(today)) for row in holdings[:most]]
    if found:
        since = found[-1].holding.started_on
        for record in session.scalars(select(FollowUp).where(
                FollowUp.customer_id == customer.id, FollowUp.saved_on >= since).order_by(FollowUp.id)):
            hand = _hand_of(record, found)
            if hand is not None:
                hand.follow_ups += 1
                hand.last = record
    return Tries(found, len(holdings) - len(found))


def _hand_of(record: FollowUp, newest_first: Iterable[Try]) -> Try | None:
    """In whose hand a follow-up was written: on a day with two hands its author's, else the later one's."""
    then = [each for each in newest_first if each.holding.started_on <= record.saved_on
            and (each.until is None or record.saved_on <= each.until)]
    own = [each for each in then if each.holding.consultant_id == record.consultant_id]
    return next(iter(own or then), None)


def last_words(session: Session, customer_ids: Collection[int]) -> dict[int, FollowUp]:
    """The last follow-up of each of these customers, with its author: one query."""
    newest = (select(func.max(FollowUp.id)).where(FollowUp.customer_id.in_(customer_ids))
              .group_by(FollowUp.customer_id))
    return {record.customer_id: record for record in session.scalars(
        select(FollowUp).where(FollowUp.id.in_(newest)).options(joinedload(FollowUp.consultant)))}
