"""How much of what the rules allow a consultant has used, and from when on there is room again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Customer
from app.services import limits, pool
from app.services.rules import PoolRules


@dataclass(frozen=True)
class Used:
    """How much of a limit is used; `again_on` is the day from which on there is room if there is none now."""

    used: int
    limit: int
    again_on: dt.date | None = None


@dataclass(frozen=True)
class Allowance:
    """What is limited, and None for what is not."""

    holding: Used | None = None
    claims: Used | None = None
    locks: Used | None = None


def of(session: Session, employee_id: int, rules: PoolRules, *, today: dt.date) -> Allowance:
    """A consultant's allowance by the rules of his department: two queries for each limit there is."""
    holding = claims = locks = None
    if rules.holding_limit:
        holding = Used(pool.number_held(session, employee_id, today=today), rules.holding_limit,
                       limits.room_from(session, employee_id, rules, today))
    if rules.daily_claim_limit:
        claims = Used(limits.claims_of(session, employee_id, today), rules.daily_claim_limit,
                      limits.claims_from(session, employee_id, rules, today))
    if rules.lock_limit:
        locks = Used(session.scalar(select(func.count()).select_from(Customer).where(
            Customer.consultant_id == employee_id, pool.is_held(today), Customer.locked_until >= today)) or 0,
            rules.lock_limit)
    return Allowance(holding, claims, locks)
