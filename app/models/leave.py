"""Leave: days on which a consultant is away. Once approved they pause his customers' clocks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import LeaveState
from app.models.employee import Employee
from app.models.types import PERSONAL, KindType, one_of


class Leave(Base):
    """Someone's leave, both days included."""

    __tablename__ = "leave"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __table_args__ = (
        one_of("state", LeaveState),
        CheckConstraint("last_on >= first_on", name="ends_after_it_begins"),
        Index("ix_leave_employee_id", "employee_id", "last_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    state: Mapped[LeaveState] = mapped_column(KindType(LeaveState), default=LeaveState.REQUESTED)
    reason: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)

    employee: Mapped[Employee] = relationship(foreign_keys=[employee_id])
    decided_by: Mapped[Employee | None] = relationship(foreign_keys=[decided_by_id])

    def __str__(self) -> str:
        return f"#{self.id}"
