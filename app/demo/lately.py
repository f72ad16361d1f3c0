"""What the demo school has done last: leads dealt out by turn, and the first round of warnings.

Unlike the year before it this goes through the services, so the round stands where it ended, the ledger says why each
consultant got whom, and the bells have something to tell.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.histories import HOUR, Moments
from app.models import Customer
from app.models.choices import AssignmentStrategy
from app.services import assignment, warnings
from app.services.rules import ONE_DAY

MOST_DEALT_OUT = 12
_DEALT_OUT_AT = 17 * HOUR
_WARNED_AT = HOUR


def deal_out(session: Session, as_of: dt.date, moments: Moments) -> None:
    """On the evening before, every other lead nobody has had yet went to whoever's turn it was, the newest first."""
    waiting = list(session.scalars(
        select(Customer.id).where(Customer.consultant_id.is_(None), Customer.date < as_of)
        .order_by(Customer.date.desc(), Customer.id.desc()).limit(2 * MOST_DEALT_OUT)))
    for number, customer_id in enumerate(waiting[1::2]):
        assignment.assign(session, customer_id, AssignmentStrategy.ROUND, today=as_of - ONE_DAY,
                          now=moments.at(as_of - ONE_DAY, _DEALT_OUT_AT + number))


def warn(session: Session, as_of: dt.date, moments: Moments) -> None:
    """After the night everybody was told who is about to fall; the school has not opened yet."""
    warnings.run(session, today=as_of, now=moments.at(as_of, _WARNED_AT), is_open=False,
                 on_batch=lambda _done, _total: session.flush())
