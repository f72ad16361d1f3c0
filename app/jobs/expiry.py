"""The nightly expiry as a job: for today, as the catch-up of missed nights, or because someone asked for it now."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any

from rq import get_current_job

from app import current, queue, sqlite
from app.extensions import db
from app.jobs.context import job_context
from app.services import job_runs
from app.services import nightly as nights

log = logging.getLogger(__name__)

Counts = dict[str, Any]
"""What a run did, as it travels through the queue."""


def nightly() -> Counts:
    """Midnight has struck: close the holdings of those who turned public."""
    with job_context():
        return _run(current.today())


def catch_up() -> Counts | None:
    """Run for today if nobody did so to the end: the scheduler, the worker or Redis was down, or a run died."""
    with job_context():
        today = current.today()
        due = job_runs.is_due(db.session, job_runs.EXPIRY, today)
        db.session.rollback()
        return _run(today) if due else None


def run_now() -> Counts:
    """Somebody pressed the button."""
    with job_context():
        return _run(current.today())


def _run(as_of: dt.date) -> Counts:
    began = time.monotonic()
    report = queue.report_to(get_current_job())

    def commit_and_report(done: int, total: int) -> None:
        db.session.commit()
        sqlite.give_way(db.engine)
        report(done, total)

    closed = nights.run(db.session, as_of, today=current.today(), now=current.now, on_batch=commit_and_report)
    seconds = round(time.monotonic() - began, 3)
    log.info("night of %s: %d closed by the follow-up rule, %d by the deal rule, %.1f s",
             as_of, closed.closed_follow_up, closed.closed_deal, seconds)
    return {"as_of": as_of.isoformat(), "closed_follow_up": closed.closed_follow_up,
            "closed_deal": closed.closed_deal, "seconds": seconds}
