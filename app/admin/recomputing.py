"""Starting the recomputation of everybody's clock when what it depends on has changed, and showing how far it is."""

from __future__ import annotations

from flask import flash
from flask_babel import gettext as _

from app import current, queue
from app.admin.guard import viewer
from app.admin.tasks import Line, line
from app.errors import ConflictError
from app.extensions import db
from app.models import BackgroundTask
from app.models.choices import TaskKind
from app.queue import QueueUnavailableError, Task
from app.services import background_tasks, recomputation

SUBJECT = "poolrules"
"""The screen it is about."""


def is_possible() -> bool:
    """Whether a worker can be asked: before anything is locked, for to learn that nobody answers may take a moment."""
    try:
        queue.number_of_workers()
    except QueueUnavailableError:
        return False
    return True


def begin() -> int | None:
    """Write the task down, in the transaction of the change; its number, for `hand_over`.

    None if this person's tasks are too many already: that it is owed stands in the database, and the catch-up does it.
    """
    try:
        return background_tasks.start(
            db.session, viewer().id, TaskKind.RECOMPUTATION, SUBJECT, {}, now=current.now(),
            total=recomputation.number(db.session, current.today())).id
    except ConflictError:
        return None


def hand_over(task_id: int | None) -> bool:
    """After the commit: let a worker do it; whether one will now, or the catch-up later."""
    try:
        if task_id is not None:
            queue.enqueue_one(Task.RECOMPUTATION, task_id)
    except QueueUnavailableError:
        background_tasks.cancel(background_tasks.of(db.session, viewer().id, task_id or 0), now=current.now())
        db.session.commit()
        return False
    return task_id is not None


def say(is_handed_over: bool) -> None:
    """Tell on the next page what becomes of the clocks."""
    if is_handed_over:
        flash(_("The customers’ clocks are being set anew in the background."), "success")
    else:
        flash(_("The customers’ clocks follow within the hour, as soon as the background jobs can be reached."),
              "warning")


def last() -> Line | None:
    """The last recomputation, as the page shows it; None if there was none of late."""
    task = background_tasks.last_of(db.session, TaskKind.RECOMPUTATION)
    return None if task is None else line(task, str(task.kind.label), lost=not task.is_over and _is_lost(task))


def is_owed() -> bool:
    """Whether clocks still have to follow a change."""
    return recomputation.is_owed(db.session)


def _is_lost(task: BackgroundTask) -> bool:
    try:
        return queue.is_lost(Task.RECOMPUTATION.job_id_of(task.id))
    except QueueUnavailableError:
        return False
