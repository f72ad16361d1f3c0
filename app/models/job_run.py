"""Runs of the nightly jobs: bookkeeping of what ran for which business date."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import UTCDateTime


class JobRun(Base):
    """One row per task and business date. Unfinished (`finished_at` NULL) means it died and is to be taken over."""

    __tablename__ = "job_run"
    __audited__ = False  # it is a log itself
    __table_args__ = (UniqueConstraint("task", "business_date"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(32))
    business_date: Mapped[dt.date]
    first_missed: Mapped[dt.date]
    """The first night this run makes good; the business date itself when none was missed."""
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    closed_follow_up: Mapped[int] = mapped_column(default=0)
    closed_deal: Mapped[int] = mapped_column(default=0)
    runs: Mapped[int] = mapped_column(default=1)
    """How often it was begun for this date: taken over after a death, or asked for again."""

    @property
    def seconds(self) -> float | None:
        """How long the last run took."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
