"""An export as a job: the rows of a list as their owner may see them now, written into a file he can download."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import current, exports, queue, spreadsheets, sqlite
from app.errors import ConflictError, NotAllowedError
from app.exports import Export
from app.extensions import db
from app.jobs.context import job_context
from app.models import AuditAction, BackgroundTask
from app.models.choices import TaskProblem
from app.services import audit, background_tasks, export_files
from app.services.audit import Actor
from app.services.background_tasks import GivenUpError

log = logging.getLogger(__name__)

STEP = 500
"""How many rows are written between two looks whether it is still wanted."""


def run(task_id: int) -> None:
    """Do one export, unless it was cancelled before it began; done again it replaces what there is."""
    with job_context():
        spreadsheets.sweep()
        task = background_tasks.begin(db.session, task_id, now=current.now())
        attempt = Attempt.of(task) if task else None
        db.session.commit()
        if attempt is None:
            log.info("export %d is not wanted any more", task_id)
            return
        try:
            attempt.make()
        except GivenUpError:
            log.info("export %d was given up", task_id)
        except NotAllowedError:
            attempt.fail(TaskProblem.NOT_ALLOWED)
        except ConflictError:
            attempt.fail(TaskProblem.TOO_MUCH)
        except Exception:
            log.exception("export %d failed", task_id)
            attempt.fail(TaskProblem.ERROR)


@dataclass(frozen=True)
class Attempt:
    """One attempt at an export. It writes in sessions of its own, beside the one that reads the rows."""

    task_id: int
    run: int
    employee_id: int
    subject: str
    arguments: dict[str, Any]

    @classmethod
    def of(cls, task: BackgroundTask) -> Attempt:
        return cls(task.id, task.runs, task.employee_id, task.subject, task.arguments or {})

    def make(self) -> None:
        """Write the file and keep it.

        Raises:
            GivenUpError: it is not wanted any more.
            NotAllowedError: its owner may not export this any more.
            ConflictError: there are too many rows.
        """
        kind = self.arguments["format"]
        with exports.opened(self.employee_id, self.subject, self.arguments) as export, \
                spreadsheets.private_folder() as folder, (folder / "export").open("w+b") as file:
            spreadsheets.write(kind, file, export.titles, self._counted(export), folder)
            file.seek(0)
            with self._writing() as session:
                export_files.store(session, self.task_id, file, name=f"{export.name}.{kind}", now=current.now(),
                                   content_type=spreadsheets.CONTENT_TYPES[kind], rights=export.rights,
                                   go_on=lambda: self._go_on(session, export))
                background_tasks.finish(session, self.task_id, self.run, now=current.now())
                audit.event(session, AuditAction.EXPORTED, table=export.table, facts={
                    "rows": export.total, "format": kind, "filtered": bool(self.arguments["query"])})
        log.info("export %d: %d rows of %s as %s", self.task_id, export.total, export.table, kind)

    def fail(self, problem: TaskProblem) -> None:
        """Say why it came to nothing."""
        try:
            with self._writing() as session:
                background_tasks.fail(session, self.task_id, self.run, problem, now=current.now())
        except GivenUpError:
            log.info("export %d was given up", self.task_id)

    def _counted(self, export: Export) -> Iterator[Sequence[Any]]:
        """The rows; now and then it is noted how many there were, and asked whether to go on."""
        for number, row in enumerate(export.rows, start=1):
            yield row
            if number % STEP == 0 or number == export.total:
                with self._writing() as session:
                    background_tasks.step(session, self.task_id, self.run, done=number, total=export.total)

    def _go_on(self, session: Session, export: Export) -> None:
        session.commit()
        sqlite.give_way(db.engine)
        background_tasks.step(session, self.task_id, self.run, done=export.total, total=export.total)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        origin = f"job {queue.Task.EXPORT.job_id_of(self.task_id)}"
        with sqlite.read_write(), Session(db.engine) as session:
            audit.act_as(session, Actor(origin, current.now, self.employee_id))
            yield session
            session.commit()

