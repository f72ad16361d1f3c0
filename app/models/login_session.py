"""Login sessions: one row per login, so that each can be seen and ended. The token itself is only in the cookie."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import SessionEnd
from app.models.employee import Employee
from app.models.types import PERSONAL, SECRET, KindType, UTCDateTime, one_of


class LoginSession(Base):
    """One login of one person in one browser.

    `token_hash` is the SHA-256 of the cookie's token. `last_seen_at` is to the minute. `second_factor_at` is when the
    second factor was given in this session.
    """

    __tablename__ = "login_session"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # its logins and ends are events of the log, its tokens nobody's business
    __table_args__ = (
        one_of("ended_as", SessionEnd),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended_somehow"),
        Index("ix_login_session_employee_id", "employee_id", "ended_at"),
        Index("ix_login_session_last_seen_at", "last_seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info=SECRET)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    address: Mapped[str | None] = mapped_column(String(45), info=PERSONAL)
    user_agent: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    second_factor_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_as: Mapped[SessionEnd | None] = mapped_column(KindType(SessionEnd))

    employee: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"
