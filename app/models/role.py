"""Roles: sets of permissions with a row scope, edited by admins."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Column, ForeignKey, String, Table, false, func, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.extensions import Base
from app.models.choices import RowScope
from app.models.types import KindType, one_of

employee_role = Table(
    "employee_role",
    Base.metadata,
    Column("employee_id", ForeignKey("employee.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class RolePermission(Base):
    """One permission of a role, by its code in `app.permissions`."""

    __tablename__ = "role_permission"
    __audited__ = False  # its role says what was given and taken

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)

    def __str__(self) -> str:
        return self.code


class Role(Base):
    """A set of permissions; `code` names the built-in ones and is empty for the school's own."""

    __tablename__ = "role"
    __table_args__ = (one_of("scope", RowScope),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    scope: Mapped[RowScope] = mapped_column(KindType(RowScope), default=RowScope.OWN)
    requires_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())

    permissions: Mapped[list[RolePermission]] = relationship(cascade="all, delete-orphan")
    _stored_codes: Mapped[str | None] = column_property(  # every request asks for them: one text, not a row each
        select(func.aggregate_strings(RolePermission.code, " ")).where(RolePermission.role_id == id)
        .correlate_except(RolePermission).scalar_subquery())

    @property
    def permission_codes(self) -> list[str]:
        """The codes of what this role permits; setting it replaces them all."""
        return sorted(self._codes())

    @permission_codes.setter
    def permission_codes(self, codes: list[str]) -> None:
        kept = {permission.code: permission for permission in self.permissions}
        self.permissions = [kept.get(code) or RolePermission(code=code) for code in sorted(set(codes))]

    def permits(self, code: str) -> bool:
        """Whether the role permits what has this code."""
        return code in self._codes()

    def _codes(self) -> frozenset[str]:
        if "permissions" in self.__dict__:  # may be about to change
            return frozenset(permission.code for permission in self.permissions)
        return _split(self._stored_codes or "")

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=256)
def _split(codes: str) -> frozenset[str]:
    return frozenset(codes.split())
