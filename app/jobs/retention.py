"""The retention periods as a job: every hour it looks whether today's run has been done to the end."""

from __future__ import annotations

import logging
from typing import Any

from rq import get_current_job

from app import current, queue, spreadsheets, sqlite
from app.extensions import db
from app.jobs.context import job_context
from app.services import background_tasks, deliveries, job_runs, retention

log = logging.getLogger(__name__)


def run_if_due() -> dict[str, Any] | None:
    """Erase whoever has been kept as long as the school decided, once a day; missed or killed, it is made good."""
    with job_context():
        _tidy_up()
        today = current.today()
        due = job_runs.is_due(db.session, job_runs.RETENTION, today)
        db.session.rollback()
        if not due:
            return None
        report = queue.report_to(get_current_job())

        def commit_and_report(done: int, total: int) -> None:
            db.session.commit()
            sqlite.give_way(db.engine)
            report(done, total)

        forgotten = retention.run(db.session, current.school(), today=today, now=current.now,
                                  on_batch=commit_and_report)
        log.info("retention of %s: %d leads and %d former employees erased, %d sessions forgotten",
                 today, forgotten.leads, forgotten.leavers, forgotten.sessions)
        return {"as_of": today.isoformat(), "leads": forgotten.leads, "leavers": forgotten.leavers,
                "sessions": forgotten.sessions}


def _tidy_up() -> None:
    """Every hour: files of exports that have expired, what killed exports left on this machine, old deliveries."""
    removed = background_tasks.purge(db.session, now=current.now())
    deliveries.purge(db.session, now=current.now())
    db.session.commit()
    swept = spreadsheets.sweep()
    if removed or swept:
        log.info("%d files of exports removed, %d left by killed exports", removed, swept)
