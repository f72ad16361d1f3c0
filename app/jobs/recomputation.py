"""The recomputation of the clock as a job: because somebody changed the rules, or because it is still owed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from app import current, sqlite
from app.extensions import db
from app.jobs.context import job_context
from app.models.choices import TaskProblem
from app.services import background_tasks, recomputation
from app.services.background_tasks import GivenUpError
from app.services.recomputation import Moved

log = logging.getLogger(__name__)


def run(task_id: int) -> None:
    """Do what somebody asked for by changing the rules, from where an attempt before this one was killed."""
    with job_context():
        task = background_tasks.begin(db.session, task_id, now=current.now())
        if task is None:
            db.session.rollback()
            log.info("recomputation %d is not wanted any more", task_id)
            return
        attempt, said = task.runs, dict(task.arguments or {})
        db.session.commit()
        try:
            _recompute(said, lambda progress: background_tasks.step(
                db.session, task_id, attempt, done=progress["done"], total=progress["total"], arguments=progress))
            background_tasks.finish(db.session, task_id, attempt, now=current.now())
            db.session.commit()
        except GivenUpError:
            db.session.rollback()
            log.info("recomputation %d was given up", task_id)
        except Exception:
            db.session.rollback()
            log.exception("recomputation %d failed", task_id)
            background_tasks.fail(db.session, task_id, attempt, TaskProblem.ERROR, now=current.now())
            db.session.commit()


def catch_up() -> dict[str, Any] | None:
    """Recompute if that is owed: Redis was down when the rules changed, or a new edition of the calendars came."""
    with job_context():
        owed = recomputation.is_owed(db.session)
        db.session.rollback()
        return _recompute({}, lambda _progress: None) if owed else None


def _recompute(said: dict[str, Any], note: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Recompute everybody, and say after each batch how far it is.

    Args:
        said: what an attempt before this one said last; it counts if the rules are still the same.
        note: keeps that, in the batch's transaction.
    """
    state = recomputation.wanted_state(db.session)
    progress: dict[str, Any] = said if said.get("state") == state else {
        "state": state, "after": 0, "done": 0, "earlier": 0, "later": 0}
    progress["total"] = max(recomputation.number(db.session, current.today()), progress["done"])

    def commit(number: int, last_id: int, moved: Moved) -> None:
        progress["after"], progress["done"] = last_id, progress["done"] + number
        progress["earlier"] += moved.earlier
        progress["later"] += moved.later
        progress["total"] = max(progress["total"], progress["done"])
        note(progress)
        db.session.commit()
        sqlite.give_way(db.engine)

    recomputation.recompute(db.session, today=current.today, on_batch=commit, after_id=progress["after"],
                            batch=recomputation.BATCH)
    recomputation.note_done(db.session, state)
    note(progress)
    db.session.commit()
    log.info("recomputation: %(done)d customers, %(earlier)d fall earlier, %(later)d later", progress)
    return progress
