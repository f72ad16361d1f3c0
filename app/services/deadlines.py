"""Where a held customer stands on the clock, as people are shown it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.models import Customer
from app.models.choices import DistributionStatus
from app.services.calendars import DayOff
from app.services.rule_book import Clock


@dataclass(frozen=True)
class Term:
    """One of the two terms, day by day.

    Args:
        since: the day it counts from, which is not counted itself.
        days: how many there are.
        used: how many of them have come, today included.
        falls_on: the day the customer turns public by this term alone.
        cuts: whether it is this one that ends the holding.
        calendar: every day of it, with why it does not count if it does not.
    """

    since: dt.date
    days: int
    used: int
    falls_on: dt.date
    cuts: bool
    calendar: list[tuple[dt.date, DayOff | None]]


@dataclass(frozen=True)
class Standing:
    """Both terms, and what is left until the fall.

    `locked` says that it is a lock, neither term, that keeps the customer until then.
    """

    follow_up: Term
    deal: Term
    days_left: int
    falls_on: dt.date
    locked: bool


def standing(customer: Customer, clock: Clock, *, today: dt.date) -> Standing | None:
    """The standing of a held customer; None of one outside the clock."""
    if not customer.is_held(today) or customer.recv_date is None or customer.public_on is None:
        return None
    by_follow_up, by_deal = clock.terms(customer.recv_date, customer.last_consult_date)
    locked = customer.locked_until is not None and customer.public_on > min(by_follow_up, by_deal)
    won_first = customer.public_as == DistributionStatus.NO_DEAL

    def term(since: dt.date, days: int, falls_on: dt.date, *, first: bool) -> Term:
        calendar = list(clock.days.between(since, falls_on))
        used = sum(day <= today and why_not is None for day, why_not in calendar)
        return Term(since, days, used, falls_on, first and not locked, calendar)

    return Standing(
        follow_up=term(customer.last_consult_date, clock.rules.follow_up_days, by_follow_up, first=not won_first),
        deal=term(customer.recv_date, clock.rules.deal_days, by_deal, first=won_first),
        days_left=(customer.public_on - today).days, falls_on=customer.public_on, locked=locked)
