"""Departments: what a group of employees is for."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.choices import DepartmentFunction
from app.models.types import KindType, one_of


class Department(Base):
    """A department. People and rules refer to `code` and `function`, never to the id."""

    __tablename__ = "department"
    __table_args__ = (one_of("function", DepartmentFunction),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(16))
    function: Mapped[DepartmentFunction] = mapped_column(KindType(DepartmentFunction))

    def __str__(self) -> str:
        return self.title
