"""The pool rules and the arithmetic of the clock. The only place that knows either."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.models.choices import DistributionStatus

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class PoolRules:
    """When a customer falls into the pool.

    Args:
        follow_up_days: business days a consultant may go without following up (S2: 3).
        deal_days: business days from receiving the customer to enrolment (S2: 15).
        warn_days: how many days before the fall a consultant is warned.
    """

    follow_up_days: int = 3
    deal_days: int = 15
    warn_days: int = 1


SCHOOL_RULES = PoolRules()


@dataclass(frozen=True)
class Fall:
    """The day a held customer turns public and the status its holding ends with."""

    public_on: dt.date
    public_as: DistributionStatus


def terms(recv_date: dt.date, last_consult_date: dt.date, rules: PoolRules = SCHOOL_RULES) -> tuple[dt.date, dt.date]:
    """The days on which a holding would end by the follow-up term alone and by the deal term alone."""
    return (last_consult_date + dt.timedelta(days=rules.follow_up_days) + ONE_DAY,
            recv_date + dt.timedelta(days=rules.deal_days) + ONE_DAY)


def fall(recv_date: dt.date, last_consult_date: dt.date, *, locked_until: dt.date | None = None,
         rules: PoolRules = SCHOOL_RULES) -> Fall:
    """When a holding ends if nothing more happens.

    S2 compares strictly: public when last_consult_date < today - 3 or recv_date < today - 15, hence the day after
    the term. When both terms end on the same day the status is 4 (worked example of S2).

    Args:
        recv_date: business date on which the consultant received the customer.
        last_consult_date: business date of the last follow-up.
        locked_until: last day of a lock, on which the customer cannot fall.
        rules: the rules of the consultant's department and the customer's source.
    """
    by_follow_up, by_deal = terms(recv_date, last_consult_date, rules)
    public_on = min(by_follow_up, by_deal)
    if locked_until is not None:
        public_on = max(public_on, locked_until + ONE_DAY)
    ends_as = DistributionStatus.NO_DEAL if by_deal <= by_follow_up else DistributionStatus.NO_FOLLOW_UP
    return Fall(public_on, ends_as)
