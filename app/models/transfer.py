"""Orders to move customers: a transfer or release of several, the hand-over of a leaver; and who got whom."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.background_task import BackgroundTask
from app.models.choices import LeaverLogin, LineState, TransferKind
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import PERSONAL, KindType, UTCDateTime, one_of


class Transfer(Base):
    """What somebody has ordered. It is over when none of its lines waits and the leaver's login is as it is to be.

    `recipients` are the numbers of those among whom customers are spread; `task` is there where a worker does it.
    """

    __tablename__ = "transfer"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __table_args__ = (
        one_of("kind", TransferKind),
        one_of("login", LeaverLogin),
        Index("ix_transfer_employee_id", "employee_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    kind: Mapped[TransferKind] = mapped_column(KindType(TransferKind))
    leaver_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    login: Mapped[LeaverLogin] = mapped_column(KindType(LeaverLogin), default=LeaverLogin.STAYS)
    releases: Mapped[bool]
    recipients: Mapped[list[int]] = mapped_column(JSON)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("background_task.id", ondelete="SET NULL"), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    employee: Mapped[Employee] = relationship(foreign_keys=[employee_id])
    leaver: Mapped[Employee | None] = relationship(foreign_keys=[leaver_id])
    task: Mapped[BackgroundTask | None] = relationship()

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    def __str__(self) -> str:
        return f"#{self.id}"


class TransferLine(Base):
    """One customer of an order: from whom, to whom, and what has become of it.

    `former` had him when it was ordered; without a `recipient` he goes into the pool. `reason` says why it was refused.
    """

    __tablename__ = "transfer_line"
    __person__ = (PersonKind.CUSTOMER, "customer_id")
    __audited__ = False  # what is done to the customer and to his holding is in the log
    __table_args__ = (
        one_of("state", LineState),
        UniqueConstraint("transfer_id", "customer_id"),
        Index("ix_transfer_line_state", "transfer_id", "state", "customer_id"),
        Index("ix_transfer_line_customer_id", "customer_id"),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    former_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    state: Mapped[LineState] = mapped_column(KindType(LineState), default=LineState.WAITING)
    reason: Mapped[str | None] = mapped_column(String(256), info=PERSONAL)

    transfer: Mapped[Transfer] = relationship()
    customer: Mapped[Customer] = relationship()
    former: Mapped[Employee | None] = relationship(foreign_keys=[former_id])
    recipient: Mapped[Employee | None] = relationship(foreign_keys=[recipient_id])

    def __str__(self) -> str:
        return f"#{self.customer_id}"
