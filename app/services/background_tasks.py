"""Background tasks: asked for by a person, done by a worker, cancelled or asked for again.

Every step of a worker is a conditional UPDATE that names its attempt; whoever was cancelled, given up for dead or
stopped by an erasure changes no row, and learns it so.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from app.errors import ConflictError, NotFoundError
from app.models import BackgroundTask, ExportFile
from app.models.background_task import UNDER_WAY
from app.models.choices import TaskKind, TaskProblem, TaskState

KEPT = dt.timedelta(days=30)
"""How long it is remembered what was asked for."""

RECENT = dt.timedelta(days=7)
MOST_AT_ONCE = 3
"""So many tasks of one person may wait or run."""


class GivenUpError(Exception):
    """Somebody has cancelled the task, or another attempt has taken its place: stop."""


def start(session: Session, employee_id: int, kind: TaskKind, subject: str, arguments: dict[str, Any], *,
          total: int, now: dt.datetime) -> BackgroundTask:
    """Write down what is to be done; the caller commits and puts it into the queue.

    Raises:
        ConflictError: too many tasks of this person wait or run.
    """
    if number_under_way(session, employee_id) >= MOST_AT_ONCE:
        raise ConflictError(_l("%(num)d of your tasks wait or run already: wait for one of them, or cancel it.",
                               num=MOST_AT_ONCE))
    task = BackgroundTask(employee_id=employee_id, kind=kind, subject=subject, arguments=arguments, total=total,
                          state=TaskState.WAITING, created_at=now)
    session.add(task)
    session.flush()
    return task


def of(session: Session, employee_id: int, task_id: int) -> BackgroundTask:
    """A person's own task.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    found = session.scalar(select(BackgroundTask).where(BackgroundTask.id == task_id,
                                                        BackgroundTask.employee_id == employee_id)
                           .options(joinedload(BackgroundTask.file)))
    if found is None:
        raise NotFoundError(_l("There is nothing here, or nothing you may see."))
    return found


def recent(session: Session, employee_id: int, *, now: dt.datetime, size: int = 20) -> list[BackgroundTask]:
    """A person's tasks of the last days, newest first."""
    return list(session.scalars(
        select(BackgroundTask).where(BackgroundTask.employee_id == employee_id,
                                     BackgroundTask.created_at > now - RECENT)
        .options(joinedload(BackgroundTask.file)).order_by(BackgroundTask.id.desc()).limit(size)))


def last_of(session: Session, kind: TaskKind) -> BackgroundTask | None:
    """The task of a kind that was asked for last, by whomever."""
    return session.scalar(select(BackgroundTask).where(BackgroundTask.kind == kind)
                          .options(joinedload(BackgroundTask.employee)).order_by(BackgroundTask.id.desc()).limit(1))


def numbers(session: Session, employee_id: int, *, now: dt.datetime) -> tuple[int, int]:
    """How many of a person's recent tasks there are, and how many of them wait or run."""
    states = session.scalars(select(BackgroundTask.state).where(
        BackgroundTask.employee_id == employee_id, BackgroundTask.created_at > now - RECENT)).all()
    return len(states), sum(state in UNDER_WAY for state in states)


def number_under_way(session: Session, employee_id: int) -> int:
    """How many of a person's tasks wait or run."""
    return session.scalar(select(func.count()).select_from(BackgroundTask).where(
        BackgroundTask.employee_id == employee_id, BackgroundTask.state.in_(UNDER_WAY))) or 0


def again(task: BackgroundTask, *, now: dt.datetime) -> None:
    """Let a task wait for a worker again, after its worker died or it failed.

    Raises:
        ConflictError: it has been done, or nobody knows any more what was to be done.
    """
    if task.state is TaskState.FINISHED or task.arguments is None:
        raise ConflictError(_l("This cannot be started again."))
    task.state, task.problem, task.done, task.created_at = TaskState.WAITING, None, 0, now
    task.runs += 1  # should the former worker live after all, it stops
    task.begun_at = task.ended_at = None


def cancel(task: BackgroundTask, *, now: dt.datetime) -> None:
    """Stop a task; its worker learns it at its next step."""
    if not task.is_over:
        task.state, task.ended_at = TaskState.CANCELLED, now


# What a worker says.


def begin(session: Session, task_id: int, *, now: dt.datetime) -> BackgroundTask | None:
    """Take a task in hand; None if there is nothing to do any more."""
    task = session.scalar(select(BackgroundTask).where(BackgroundTask.id == task_id).with_for_update())
    if task is None or task.is_over:
        return None
    task.state, task.begun_at, task.done = TaskState.RUNNING, now, 0
    task.runs += 1
    session.flush()
    return task


def step(session: Session, task_id: int, run: int, *, done: int, total: int,
         arguments: dict[str, Any] | None = None) -> None:
    """Note how far an attempt is.

    Args:
        arguments: from where another attempt would go on, where one can.

    Raises:
        GivenUpError: it is to stop.
    """
    _change(session, task_id, run, done=done, total=total, **({"arguments": arguments} if arguments else {}))


def finish(session: Session, task_id: int, run: int, *, now: dt.datetime) -> None:
    """An attempt has come to its end.

    Raises:
        GivenUpError: it came too late.
    """
    _change(session, task_id, run, state=TaskState.FINISHED, ended_at=now)


def fail(session: Session, task_id: int, run: int, problem: TaskProblem, *, now: dt.datetime) -> None:
    """An attempt has failed.

    Raises:
        GivenUpError: it was given up before.
    """
    _change(session, task_id, run, state=TaskState.FAILED, problem=problem, ended_at=now)


def _change(session: Session, task_id: int, run: int, **values: Any) -> None:
    changed = session.connection().execute(
        update(BackgroundTask).where(BackgroundTask.id == task_id, BackgroundTask.runs == run,
                                     BackgroundTask.state == TaskState.RUNNING).values(**values))
    if not changed.rowcount:
        raise GivenUpError


def purge(session: Session, *, now: dt.datetime) -> int:
    """Remove files that have expired, and forget what was asked for long ago; the number of files removed."""
    gone = session.connection().execute(delete(ExportFile).where(ExportFile.expires_at <= now)).rowcount
    session.execute(delete(BackgroundTask).where(BackgroundTask.created_at <= now - KEPT))
    return gone
