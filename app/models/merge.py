"""Merges of two customers into one: what was moved and replaced, so that it can be undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import PERSONAL, UTCDateTime, by_code_point

_NOT_UNDONE = text("undone_at IS NULL")


class Merge(Base):
    """One customer that became part of another. His row is gone until it is undone; `merged_id` was its number.

    `moved` names the rows that went over, by table and column, and what became of the holdings. `kept` is what only his
    row said, and which values of the survivor were replaced: it goes with him when he is erased, and once it is undone.
    """

    __tablename__ = "merge"
    __person__ = (PersonKind.CUSTOMER, "survivor_id")
    __audited__ = False  # it repeats what is recorded of the customers and their rows
    __table_args__ = (
        Index("ix_merge_survivor_id", "survivor_id", "id"),
        Index("uq_merge_merged_id", "merged_id", unique=True, postgresql_where=_NOT_UNDONE, sqlite_where=_NOT_UNDONE),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survivor_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"))
    merged_id: Mapped[int]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    merged_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    undone_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    name: Mapped[str | None] = mapped_column(by_code_point(16), info=PERSONAL)
    moved: Mapped[dict[str, Any]] = mapped_column(JSON)
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), info=PERSONAL)

    survivor: Mapped[Customer] = relationship()
    employee: Mapped[Employee] = relationship(foreign_keys=[employee_id])
    undone_by: Mapped[Employee | None] = relationship(foreign_keys=[undone_by_id])

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None

    def __str__(self) -> str:
        return f"#{self.id}"
