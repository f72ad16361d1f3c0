"""Notices: what somebody is told about his customers. The rows are also what is delivered outside of the panel."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import NoticeKind
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import KindType, UTCDateTime, one_of

_UNREAD = text("read_at IS NULL")


class Notice(Base):
    """One thing one person is told, once: `key` says what it is, whoever tells it and however often.

    `details` are the facts a sentence is made of when it is read, in the reader's language: days, codes, numbers of
    people and of rows, nobody's name or contact. So nothing of it has to be erased with anybody.
    """

    __tablename__ = "notice"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # it repeats what is recorded already
    __table_args__ = (
        one_of("kind", NoticeKind),
        Index("ix_notice_employee_id", "employee_id", "id"),
        Index("ix_notice_unread", "employee_id", "id", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
        Index("ix_notice_customer_id", "customer_id", "employee_id"),
        Index("ix_notice_created_at", "created_at", "id"),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(KindType(NoticeKind))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    employee: Mapped[Employee] = relationship()
    customer: Mapped[Customer | None] = relationship()

    @property
    def is_read(self) -> bool:
        return self.read_at is not None

    def __str__(self) -> str:
        return f"#{self.id}"
