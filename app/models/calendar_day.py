"""The school's own days off, and its own make-up days."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class CalendarDay(Base):
    """A day on which the school is closed, or open (`works`), whatever the public calendar says.

    It concerns those whose rules count working days only.
    """

    __tablename__ = "calendar_day"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(unique=True)
    works: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(32))

    def __str__(self) -> str:
        return self.name
