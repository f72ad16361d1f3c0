"""A large order to move customers, as a job: batch by batch, each with its progress in one transaction."""

from __future__ import annotations

import logging

from flask_babel import force_locale
from sqlalchemy import select

from app import current, queue, sqlite
from app.errors import NotAllowedError
from app.extensions import db
from app.jobs.context import job_context
from app.models import Transfer
from app.models.choices import TaskProblem
from app.services import audit, background_tasks, transfers
from app.services.audit import Actor
from app.services.background_tasks import GivenUpError

log = logging.getLogger(__name__)


def run(task_id: int) -> None:
    """Carry out one order, or what is left of it."""
    with job_context():
        task = background_tasks.begin(db.session, task_id, now=current.now())
        attempt = (task.runs, task.employee_id, task.arguments or {}) if task else None
        transfer_id = db.session.scalar(select(Transfer.id).where(Transfer.task_id == task_id))
        db.session.commit()
        if attempt is None or transfer_id is None:
            log.info("task %d is not wanted any more", task_id)
            return
        number, employee_id, arguments = attempt
        origin = f"job {queue.Task.TRANSFER.job_id_of(task_id)}"
        audit.act_as(db.session, Actor(origin, current.now, employee_id))
        try:
            with force_locale(arguments.get("locale") or current.settings().default_locale):
                _carry_out(task_id, number, transfer_id)
        except GivenUpError:
            db.session.rollback()
            log.info("task %d was given up", task_id)
        except NotAllowedError:
            _fail(task_id, number, TaskProblem.NOT_ALLOWED)
        except Exception:
            log.exception("task %d failed", task_id)
            _fail(task_id, number, TaskProblem.ERROR)


def _carry_out(task_id: int, number: int, transfer_id: int) -> None:
    def commit_and_report(done: int, total: int) -> None:
        background_tasks.step(db.session, task_id, number, done=done, total=total)
        db.session.commit()
        sqlite.give_way(db.engine)

    transfers.carry_out(db.session, transfer_id, today=current.today, now=current.now, on_batch=commit_and_report)
    background_tasks.finish(db.session, task_id, number, now=current.now())
    db.session.commit()


def _fail(task_id: int, number: int, problem: TaskProblem) -> None:
    """Say why it came to nothing; what was moved before stays moved."""
    db.session.rollback()
    try:
        background_tasks.fail(db.session, task_id, number, problem, now=current.now())
        db.session.commit()
    except GivenUpError:
        db.session.rollback()
        log.info("task %d was given up", task_id)
