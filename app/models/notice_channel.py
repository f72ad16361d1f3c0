"""How a person wants to be told outside of the panel: by which channels, of what, and when not."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import DeliveryChannel
from app.models.employee import Employee
from app.models.types import SECRET, KindType, UTCDateTime, one_of


class NoticeChannel(Base):
    """A channel somebody uses. Its row goes when he stops.

    `sealed_key` opens his bot; mail and WeChat go where the employee's record says. `kinds` are the codes of what he is
    told by it. `digest_at` is the time of day, at the school, at which a day's notices go out as one message; without
    it each goes out at once. What was noticed before `since` is not sent.
    """

    __tablename__ = "notice_channel"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __table_args__ = (
        one_of("channel", DeliveryChannel),
        UniqueConstraint("employee_id", "channel"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    channel: Mapped[DeliveryChannel] = mapped_column(KindType(DeliveryChannel))
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary(512), info=SECRET)
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    digest_at: Mapped[dt.time | None] = mapped_column(Time)
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)

    employee: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return str(self.channel.label)


class QuietHours(Base):
    """When nothing is sent to somebody, by the clock of the school; `ends` may be on the next day."""

    __tablename__ = "quiet_hours"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # how somebody arranges his own day
    __table_args__ = (CheckConstraint("begins <> ends", name="lasts"),)

    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"), primary_key=True)
    begins: Mapped[dt.time] = mapped_column(Time)
    ends: Mapped[dt.time] = mapped_column(Time)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}–{self.ends:%H:%M}"
