"""The sales floor in numbers: of one consultant, or of everyone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Customer, Distribution
from app.models.choices import DistributionStatus
from app.services import pool


@dataclass(frozen=True)
class Numbers:
    """Customers held now and about to fall; holdings won and lost since the month began."""

    held: int
    falling: int
    won: int
    lost: int


def numbers(session: Session, *, today: dt.date, warn_days: int, consultant_id: int | None = None) -> Numbers:
    """The present numbers of a consultant, or of everyone."""
    customers = [] if consultant_id is None else [Customer.consultant_id == consultant_id]
    holdings = [] if consultant_id is None else [Distribution.consultant_id == consultant_id]
    held = session.scalar(select(func.count()).select_from(Customer).where(pool.is_held(today), *customers)) or 0
    falling = session.scalar(select(func.count()).select_from(Customer)
                             .where(pool.about_to_fall(today, warn_days), *customers)) or 0
    query = (select(Distribution.status, func.count())
             .where(Distribution.ended_on >= today.replace(day=1), *holdings).group_by(Distribution.status))
    ended = {status: number for status, number in session.execute(query)}
    lost = ended.get(DistributionStatus.NO_FOLLOW_UP, 0) + ended.get(DistributionStatus.NO_DEAL, 0)
    return Numbers(held, falling, ended.get(DistributionStatus.ENROLLED, 0), lost)
