"""Employees, who are also the login accounts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import DepartmentFunction, Theme
from app.models.department import Department
from app.models.role import Role, employee_role
from app.models.second_factor import SecondFactor
from app.models.types import PERSONAL, SECRET, KindType, UTCDateTime, one_of


class Employee(Base):
    """A person who works here and may log in.

    `one_time_until` says that the password is, or was, a one-time one that an admin handed out, and until when it may
    be used; it is empty once the person has chosen a password. Not stored are `assumed_role`, the role he looks as
    during a request (see `app.permissions.assume`), and `session_token`, the token of the session just begun, on its
    way into the cookie.
    """

    __tablename__ = "employee"
    __table_args__ = (
        one_of("theme", Theme),
        {"sqlite_autoincrement": True},  # an id names one person for good, as on PostgreSQL
    )
    __allow_unmapped__ = True
    __person__ = (PersonKind.EMPLOYEE, "id")

    is_authenticated = True  # Flask-Login's questions; its mixin would call people equal whose tokens are
    is_anonymous = False
    assumed_role: Role | None = None
    session_token: str = ""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16), info=PERSONAL)
    username: Mapped[str] = mapped_column(String(32), unique=True, info=PERSONAL)
    password_hash: Mapped[str | None] = mapped_column(String(255), info=SECRET)
    one_time_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    email: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    openid: Mapped[str | None] = mapped_column(String(64), unique=True, info=PERSONAL)
    department_code: Mapped[int] = mapped_column(
        ForeignKey("department.code", ondelete="RESTRICT", onupdate="CASCADE"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str | None] = mapped_column(String(16))
    theme: Mapped[Theme | None] = mapped_column(KindType(Theme))
    erased_on: Mapped[dt.date | None]

    department: Mapped[Department] = relationship(lazy="joined", innerjoin=True)
    roles: Mapped[list[Role]] = relationship(secondary=employee_role)
    second_factor: Mapped[SecondFactor | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str:
        """What the cookie holds: the token of one session, new at each login. See app.services.sessions."""
        return self.session_token

    @property
    def has_second_factor(self) -> bool:
        """Whether a second factor is asked for after the password."""
        return self.second_factor is not None and self.second_factor.confirmed_at is not None

    @property
    def can_hold_customers(self) -> bool:
        """Only active employees of a sales department hold customers (S1, S2)."""
        return self.active and self.department.function == DepartmentFunction.SALES

    def __str__(self) -> str:
        return self.name
