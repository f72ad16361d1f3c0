"""The pool rules and the arithmetic of the clock. The only place that knows either."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from app.models.choices import Calendar, DistributionStatus

ONE_DAY = dt.timedelta(days=1)


class Days(Protocol):
    """The days that count for somebody."""

    def after(self, day: dt.date, number: int, /) -> dt.date:
        """The counted day that comes as the so-manieth after a day."""


class _EveryDay:
    def after(self, day: dt.date, number: int, /) -> dt.date:
        return day + number * ONE_DAY


EVERY_DAY = _EveryDay()


@dataclass(frozen=True)
class PoolRules:
    """When a customer falls into the pool, and how many a consultant may have (domain, section 4).

    Args:
        follow_up_days: counted days a consultant may go without following up (S2: 3).
        deal_days: counted days from receiving the customer to enrolment (S2: 15).
        warn_days: how many days before the fall a consultant is warned.
        holding_limit: how many customers who have not enrolled he may hold; 0 any number.
        daily_claim_limit: how many he may claim on one day, whatever becomes of them; 0 any number.
        cool_down_days: after so many days in the pool its former consultant may claim a customer again; 0 not before
            somebody else has had him (S2).
        lock_limit: how many of his customers he may keep from falling at once; 0 none.
        lock_days: how many days a lock may last.
        enrol_hold_days: an enrolment nobody has paid for lapses after so many days.
        calendar: which days count.
    """

    follow_up_days: int = 3
    deal_days: int = 15
    warn_days: int = 1
    holding_limit: int = 0
    daily_claim_limit: int = 0
    cool_down_days: int = 0
    lock_limit: int = 0
    lock_days: int = 7
    enrol_hold_days: int = 7
    calendar: Calendar = Calendar.EVERY_DAY


DEFAULTS = PoolRules()
"""What holds until the school decides otherwise."""


@dataclass(frozen=True)
class Fall:
    """The day a held customer turns public and the status its holding ends with."""

    public_on: dt.date
    public_as: DistributionStatus


def terms(recv_date: dt.date, last_consult_date: dt.date, rules: PoolRules = DEFAULTS,
          days: Days = EVERY_DAY) -> tuple[dt.date, dt.date]:
    """The days on which a holding would end by the follow-up term alone and by the deal term alone."""
    return days.after(last_consult_date, rules.follow_up_days + 1), days.after(recv_date, rules.deal_days + 1)


def fall(recv_date: dt.date, last_consult_date: dt.date, *, locked_until: dt.date | None = None,
         rules: PoolRules = DEFAULTS, days: Days = EVERY_DAY) -> Fall:
    """When a holding ends if nothing more happens.

    S2 compares strictly: public when last_consult_date < today - 3 or recv_date < today - 15, hence the counted day
    after the term. When both terms end on the same day the status is 4 (worked example of S2).

    Args:
        recv_date: business date on which the consultant received the customer.
        last_consult_date: business date of the last follow-up.
        locked_until: last day of a lock, on which the customer cannot fall.
        rules: the rules of the consultant's department and the customer's source.
        days: the days that count for the consultant.
    """
    by_follow_up, by_deal = terms(recv_date, last_consult_date, rules, days)
    public_on = min(by_follow_up, by_deal)
    if locked_until is not None:
        public_on = max(public_on, locked_until + ONE_DAY)
    ends_as = DistributionStatus.NO_DEAL if by_deal <= by_follow_up else DistributionStatus.NO_FOLLOW_UP
    return Fall(public_on, ends_as)
