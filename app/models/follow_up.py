"""Follow-up records: what was said with a customer, and when to call again."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import Intent
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import PERSONAL, ChoiceType, UTCDateTime, one_of

_PLANNED = text("next_contact_on IS NOT NULL")


class FollowUp(Base):
    """One follow-up. `at` is when it took place, `saved_on` the business date of saving, which moved the clock."""

    __tablename__ = "follow_up"
    __person__ = (PersonKind.CUSTOMER, "customer_id")
    __table_args__ = (
        one_of("intent", Intent),
        Index("ix_follow_up_customer_id", "customer_id", "at"),
        Index("ix_follow_up_at", "at", "id"),
        Index("ix_follow_up_consultant_id", "consultant_id", "next_contact_on"),
        Index("ix_follow_up_saved_on", "saved_on", "consultant_id"),
        Index("ix_follow_up_next_contact_on", "next_contact_on", "customer_id",
              postgresql_where=_PLANNED, sqlite_where=_PLANNED),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"))
    consultant_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    saved_on: Mapped[dt.date]
    note: Mapped[str] = mapped_column(Text, info=PERSONAL)
    intent: Mapped[Intent] = mapped_column(ChoiceType(Intent), default=Intent.NO_PLAN)
    next_contact_on: Mapped[dt.date | None]

    customer: Mapped[Customer] = relationship()
    consultant: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"
