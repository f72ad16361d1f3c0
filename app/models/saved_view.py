"""How people like to look at a list: views saved under a name, and what each person chose for himself."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.employee import Employee
from app.models.types import PERSONAL, SECRET


class SavedView(Base):
    """Filters, search, order and columns of one list under a name: the author's own, or everybody's who may open it.

    `screen` is the list's name in addresses. `filters` maps a filter's key to its value; what does not exist any more
    is left out when the view is opened. `search` may name anybody: it is in no log, and goes with whom it names.
    """

    __tablename__ = "saved_view"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __table_args__ = (
        Index("uq_saved_view_employee_id_screen_name", "employee_id", "screen", "name", unique=True),
        Index("ix_saved_view_screen", "screen", "shared"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"))
    screen: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(32), info=PERSONAL)
    shared: Mapped[bool] = mapped_column(default=False)
    filters: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    search: Mapped[str | None] = mapped_column(String(64), info=SECRET)
    sort: Mapped[str | None] = mapped_column(String(32))
    descending: Mapped[bool] = mapped_column(default=False)
    columns: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    employee: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return self.name


class ListChoice(Base):
    """What one person chose for one list: its columns, and the view it opens with."""

    __tablename__ = "list_choice"
    __person__ = (PersonKind.EMPLOYEE, "employee_id")
    __audited__ = False  # how somebody arranges his own desk

    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="CASCADE"), primary_key=True)
    screen: Mapped[str] = mapped_column(String(32), primary_key=True)
    columns: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    saved_view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"), index=True)

    saved_view: Mapped[SavedView | None] = relationship()

    def __str__(self) -> str:
        return f"#{self.employee_id} {self.screen}"
