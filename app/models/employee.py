"""Employees, who are also the login accounts."""

from __future__ import annotations

import secrets

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.choices import DepartmentFunction
from app.models.department import Department
from app.models.role import Role, employee_role


def new_session_token() -> str:
    """A token that, once changed, makes every session with the old one dead."""
    return secrets.token_urlsafe(24)


class Employee(UserMixin, Base):
    """A person who works here and may log in.

    `assumed_role` is not stored: it is the role he looks as during a request (see `app.permissions.assume`).
    """

    __tablename__ = "employee"
    __allow_unmapped__ = True

    assumed_role: Role | None = None

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16))
    username: Mapped[str] = mapped_column(String(32), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    session_token: Mapped[str] = mapped_column(String(64), unique=True, default=new_session_token)
    email: Mapped[str | None] = mapped_column(String(64))
    openid: Mapped[str | None] = mapped_column(String(64), unique=True)
    department_code: Mapped[int] = mapped_column(
        ForeignKey("department.code", ondelete="RESTRICT", onupdate="CASCADE"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str | None] = mapped_column(String(16))

    department: Mapped[Department] = relationship(lazy="joined", innerjoin=True)
    roles: Mapped[list[Role]] = relationship(secondary=employee_role)

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str:
        """What the session cookie holds: the rotating token, so that it dies when the token changes."""
        return self.session_token

    @property
    def can_hold_customers(self) -> bool:
        """Only active employees of a sales department hold customers (S1, S2)."""
        return self.active and self.department.function == DepartmentFunction.SALES

    def __str__(self) -> str:
        return self.name
