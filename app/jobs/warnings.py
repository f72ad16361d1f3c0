"""Warnings before a fall and reminders of contacts, as a job that looks every hour what there is to tell."""

from __future__ import annotations

import logging
from typing import Any

from rq import get_current_job

from app import current, queue, sqlite
from app.extensions import db
from app.jobs.context import job_context
from app.services import warnings

log = logging.getLogger(__name__)


def run() -> dict[str, Any]:
    """Tell what was not told yet; late, twice, killed or beside another it adds nothing that is known."""
    with job_context():
        report = queue.report_to(get_current_job())
        now, today = current.now(), current.today()

        def commit_and_report(done: int, total: int) -> None:
            db.session.commit()
            sqlite.give_way(db.engine)
            report(done, total)

        is_open = current.clock().local(now).hour >= current.school().opening_hour
        given = warnings.run(db.session, today=today, now=now, is_open=is_open, on_batch=commit_and_report)
        db.session.commit()
        if given:
            log.info("warnings and reminders of %s: %d", today, given)
        return {"as_of": today.isoformat(), "given": given}
