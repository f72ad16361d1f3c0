"""What a consultant promised: the next contacts he wrote down, those to come and what became of those that were due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus
from app.services import pool
from app.services.rules import ONE_DAY

DAYS = 7
"""So many days are looked back."""


@dataclass(frozen=True)
class Kept:
    """How many promises were kept by their day, later, or not until now."""

    in_time: int = 0
    late: int = 0
    missed: int = 0

    @property
    def number(self) -> int:
        return self.in_time + self.late + self.missed


def kept(session: Session, consultant_id: int, *, today: dt.date, days: int = DAYS) -> Kept:
    """What became of the contacts that were promised for the days before today: one query.

    A promise is kept by the next follow-up, whoever writes it. It counts if the customer was still his on that day.
    """
    later = aliased(FollowUp)
    kept_at_all = exists().where(later.customer_id == FollowUp.customer_id, later.id > FollowUp.id)
    in_time = kept_at_all.where(later.saved_on <= FollowUp.next_contact_on)
    still_his = exists().where(  # + 0: by the index of the customer, who has few rows, not of the consultant
        Distribution.customer_id == FollowUp.customer_id, Distribution.consultant_id + 0 == consultant_id,
        Distribution.started_on <= FollowUp.saved_on,
        or_(Distribution.ended_on > FollowUp.next_contact_on,
            and_(Distribution.status == DistributionStatus.FOLLOWING, Customer.public_on > FollowUp.next_contact_on)))
    became = case((in_time, "in_time"), (kept_at_all, "late"), else_="missed").label("became")
    promised = (select(became).select_from(FollowUp).join(FollowUp.customer)
                .where(FollowUp.consultant_id == consultant_id, FollowUp.next_contact_on < today,
                       FollowUp.next_contact_on >= today - days * ONE_DAY, still_his).subquery())
    return Kept(**{name: number for name, number in session.execute(
        select(promised.c.became, func.count()).group_by(promised.c.became))})


def locks(session: Session, consultant_id: int, *, today: dt.date, size: int = 3) -> list[Customer]:
    """The customers he keeps from falling, whose locks end first."""
    return list(session.scalars(
        select(Customer).where(Customer.consultant_id == consultant_id, pool.is_held(today),
                               Customer.locked_until >= today).order_by(Customer.locked_until, Customer.id)
        .limit(size)))
