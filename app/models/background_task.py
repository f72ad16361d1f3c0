"""Long work that people ask for, such as an export: how it stands, and the file that comes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import TaskKind, TaskProblem, TaskState
from app.models.employee import Employee
from app.models.types import PERSONAL, KindType, UTCDateTime, one_of


class BackgroundTask(Base):
    """One piece of work a worker does for one person, done as often as it is asked for.

    `subject` is the screen it is about. `arguments` says what to do; they may name people (a search does), so they are
    here and not in the queue, and empty once anybody was erased. `runs` counts the attempts: a worker that finds
    another number than its own has been given up for dead, and stops.
    """

    __tablename__ = "background_task"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # how far it is is nobody's deed; what it does is recorded as events of the log
    __table_args__ = (
        one_of("kind", TaskKind),
        one_of("state", TaskState),
        one_of("problem", TaskProblem),
        Index("ix_background_task_employee_id", "employee_id", "created_at"),
        Index("ix_background_task_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    kind: Mapped[TaskKind] = mapped_column(KindType(TaskKind))
    subject: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), info=PERSONAL)
    state: Mapped[TaskState] = mapped_column(KindType(TaskState), default=TaskState.WAITING)
    problem: Mapped[TaskProblem | None] = mapped_column(KindType(TaskProblem))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    runs: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    begun_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    employee: Mapped[Employee] = relationship()
    file: Mapped[ExportFile | None] = relationship(viewonly=True)

    @property
    def is_over(self) -> bool:
        return self.state not in UNDER_WAY

    def __str__(self) -> str:
        return f"#{self.id}"


UNDER_WAY = (TaskState.WAITING, TaskState.RUNNING)
"""The states of what has not come to its end."""


class ExportFile(Base):
    """The file an export has made. It is in the database because the worker may be on another machine.

    `rights` stands for what its owner might see when it was made: with other rights the file is not his any more.
    """

    __tablename__ = "export_file"
    __audited__ = False  # exporting and downloading are events of the log

    task_id: Mapped[int] = mapped_column(ForeignKey("background_task.id", ondelete="CASCADE"), primary_key=True,
                                         autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(128))
    size: Mapped[int]
    chunks: Mapped[int]
    rights: Mapped[str] = mapped_column(String(32), server_default="")
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)

    def __str__(self) -> str:
        return self.name


class ExportChunk(Base):
    """A part of a file, small enough to be held in memory."""

    __tablename__ = "export_chunk"
    __audited__ = False  # as its file

    task_id: Mapped[int] = mapped_column(ForeignKey("export_file.task_id", ondelete="CASCADE"), primary_key=True,
                                         autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    def __str__(self) -> str:
        return f"#{self.task_id}.{self.number}"
