"""The night: the expiry together with its entry in the book of runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.errors import DomainError
from app.services import expiry, job_runs
from app.services.expiry import Expired


def run(session: Session, as_of: dt.date, *, today: dt.date, now: Callable[[], dt.datetime],
        on_batch: Callable[[int, int], None], batch: int = expiry.BATCH) -> Expired:
    """Run the expiry for a business date and write it into the book; every missed night is made good by it.

    Args:
        as_of: the business date it runs for, not later than today.
        now: gives the instant written into the rows.
        on_batch: called with the customers done and those there were to do after each step, and at the beginning and
            the end; the caller commits there. What a batch closes and what the book counts are one transaction.
        batch: how many customers are locked at once.

    Raises:
        DomainError: the date has not come yet.
    """
    if as_of > today:
        raise DomainError(_l("The night of %(day)s has not come yet.", day=as_of.isoformat()), field="as_of")
    entry = job_runs.begin(session, job_runs.EXPIRY, as_of, now=now())
    on_batch(0, 0)
    reached = (0, 0)

    def count_and_pass_on(done: int, total: int, part: Expired) -> None:
        nonlocal reached
        job_runs.add(entry, part)
        reached = (done, total)
        on_batch(done, total)

    closed = expiry.expire(session, as_of, now=now, on_batch=count_and_pass_on, batch=batch)
    job_runs.finish(entry, now=now())
    on_batch(*reached)
    return closed
