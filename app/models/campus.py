"""Campuses."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class Campus(Base):
    """A place where the school teaches."""

    __tablename__ = "campus"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(32), unique=True)

    def __str__(self) -> str:
        return self.title
