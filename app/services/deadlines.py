"""Where a held customer stands on the clock, as people are shown it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.models import Customer
from app.services.rules import SCHOOL_RULES, PoolRules


@dataclass(frozen=True)
class Standing:
    """Days used of both terms, and what is left until the fall."""

    follow_up_used: int
    follow_up_days: int
    deal_used: int
    deal_days: int
    days_left: int
    falls_on: dt.date


def standing(customer: Customer, *, today: dt.date, rules: PoolRules = SCHOOL_RULES) -> Standing | None:
    """The standing of a held customer; None of one outside the clock."""
    if not customer.is_held(today) or customer.recv_date is None or customer.public_on is None:
        return None
    return Standing(follow_up_used=(today - customer.last_consult_date).days, follow_up_days=rules.follow_up_days,
                    deal_used=(today - customer.recv_date).days, deal_days=rules.deal_days,
                    days_left=(customer.public_on - today).days, falls_on=customer.public_on)
