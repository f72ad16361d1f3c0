"""The second factor of a login: a shared secret for time-based codes (RFC 6238), and recovery codes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.types import SECRET, UTCDateTime


class SecondFactor(Base):
    """The secret an employee's authenticator app knows, sealed; it counts once a first code was right.

    `last_step` is the last 30-second step whose code was accepted: no code of it or before it is accepted again.
    """

    __tablename__ = "second_factor"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # what becomes of it are events of the log, the secret nobody's business

    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary(128), info=SECRET)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)

    def __str__(self) -> str:
        return f"#{self.employee_id}"


class RecoveryCode(Base):
    """A code that does instead of one from a lost phone, once. Only its SHA-256 is here."""

    __tablename__ = "recovery_code"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # as above

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True, info=SECRET)
    used_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    def __str__(self) -> str:
        return f"#{self.id}"
