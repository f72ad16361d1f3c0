"""The files of exports: kept in parts for some days, read by their owner, gone when anybody is erased."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import BinaryIO

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from app.models import BackgroundTask, Employee, ExportChunk, ExportFile
from app.models.background_task import UNDER_WAY
from app.models.choices import TaskKind, TaskProblem, TaskState
from app.permissions import Permission, scope_of

KEPT = dt.timedelta(days=7)
CHUNK = 512 * 1024


def rights_of(employee: Employee, *, masking: bool) -> str:
    """Stands for what a person may see by now, whichever permission a list or one of its columns hangs on.

    Args:
        masking: whether the school hides the contacts of public customers.
    """
    reached = [(each.value, scope.value) for each in Permission if (scope := scope_of(employee, each)) is not None]
    told = (reached, employee.department_code, masking)
    return hashlib.blake2s(repr(told).encode(), digest_size=16).hexdigest()


def store(session: Session, task_id: int, file: BinaryIO, *, name: str, content_type: str, rights: str,
          now: dt.datetime, go_on: Callable[[], None]) -> int:
    """Keep what stands in a file, part by part; its size. A former attempt's file goes.

    Args:
        rights: what its owner may see, see `ExportFile`.
        go_on: called before anything is written and after each part: the caller commits there what was written, and
            makes sure, for the transaction that follows, that the file is still wanted.
    """
    go_on()
    session.execute(delete(ExportFile).where(ExportFile.task_id == task_id))
    kept = ExportFile(task_id=task_id, name=name, content_type=content_type, size=0, chunks=0, rights=rights,
                      expires_at=now + KEPT)
    session.add(kept)
    session.flush()
    size = number = 0
    while content := file.read(CHUNK):
        session.execute(insert(ExportChunk), [{"task_id": task_id, "number": number, "content": content}])
        size, number = size + len(content), number + 1
        go_on()
    kept.size, kept.chunks = size, number
    session.flush()
    return size


def part(session: Session, task_id: int, number: int) -> bytes | None:
    """One part of a file; None if it is gone."""
    return session.scalar(select(ExportChunk.content).where(ExportChunk.task_id == task_id,
                                                            ExportChunk.number == number))


def forget(session: Session, *, now: dt.datetime) -> None:
    """Remove every file, stop every export under way and forget what they were asked for.

    Any of them may hold the data of whoever is being erased in this transaction. Until it ends no export begins or
    ends; one that begins later reads what is left.
    """
    if session.get_bind().dialect.name == "postgresql":  # on SQLite only one writes anyway
        session.execute(text("LOCK TABLE background_task IN SHARE ROW EXCLUSIVE MODE"))
    exports = update(BackgroundTask).where(BackgroundTask.kind == TaskKind.EXPORT)
    session.execute(exports.where(BackgroundTask.state.in_(UNDER_WAY)).values(
        state=TaskState.FAILED, problem=TaskProblem.ERASED, ended_at=now))
    session.execute(exports.where(BackgroundTask.arguments.is_not(None)).values(arguments=None))
    session.execute(delete(ExportFile))
