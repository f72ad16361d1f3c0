"""The delivery log: what was sent out of the panel to whom, by which channel, and what came of it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState
from app.models.employee import Employee
from app.models.notice import Notice
from app.models.types import KindType, UTCDateTime, one_of


class NoticeDelivery(Base):
    """One message to one person by one channel; it tells one notice or several.

    `next_attempt_at` is when a worker is to take it (again); while one has it, when he is taken for dead; and empty
    once it is over. `answer` is the code the other side gave, never a text: that could repeat a key.
    """

    __tablename__ = "notice_delivery"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # it is a log itself
    __table_args__ = (
        one_of("channel", DeliveryChannel),
        one_of("state", DeliveryState),
        one_of("problem", DeliveryProblem),
        Index("ix_notice_delivery_next_attempt_at", "next_attempt_at", "id"),
        Index("ix_notice_delivery_employee_id", "employee_id", "channel", "state"),
        Index("ix_notice_delivery_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    channel: Mapped[DeliveryChannel] = mapped_column(KindType(DeliveryChannel))
    state: Mapped[DeliveryState] = mapped_column(KindType(DeliveryState), default=DeliveryState.WAITING)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    next_attempt_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[DeliveryProblem | None] = mapped_column(KindType(DeliveryProblem))
    answer: Mapped[str | None] = mapped_column(String(16))

    employee: Mapped[Employee] = relationship()
    lines: Mapped[list[DeliveredNotice]] = relationship(passive_deletes=True, order_by="DeliveredNotice.notice_id")

    @property
    def is_over(self) -> bool:
        return self.next_attempt_at is None

    def __str__(self) -> str:
        return f"#{self.id}"


class DeliveredNotice(Base):
    """A notice in a message. The key makes sure that nothing goes out twice by one channel."""

    __tablename__ = "delivered_notice"
    __audited__ = False  # as its message
    __table_args__ = (one_of("channel", DeliveryChannel),)

    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True,
                                           autoincrement=False)
    channel: Mapped[DeliveryChannel] = mapped_column(KindType(DeliveryChannel), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("notice_delivery.id", ondelete="CASCADE"), index=True)

    notice: Mapped[Notice] = relationship()

    def __str__(self) -> str:
        return f"#{self.notice_id}"
