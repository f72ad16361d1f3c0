"""Distributions: one row per consultant per holding of a customer. Performance is read from these."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import DistributionStatus, Origin
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import PERSONAL, ChoiceType, KindType, UTCDateTime, one_of

_OPEN = text(f"status = {DistributionStatus.FOLLOWING.value}")


class Distribution(Base):
    """One holding. At most one open row per customer, which the database itself enforces."""

    __tablename__ = "distribution"
    __person__ = (PersonKind.CUSTOMER, "customer_id")
    __table_args__ = (
        one_of("status", DistributionStatus),
        one_of("origin", Origin),
        CheckConstraint("(status = 1) = (ended_on IS NULL)", name="open_has_no_end"),
        Index("uq_distribution_open_customer", "customer_id", unique=True,
              postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_distribution_customer_id", "customer_id", "id"),
        Index("ix_distribution_consultant_id", "consultant_id", "started_on", "id"),
        Index("ix_distribution_started_on", "started_on", "origin", "consultant_id"),
        Index("ix_distribution_ended_on", "ended_on", "status", "consultant_id"),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    consultant_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"))
    started_on: Mapped[dt.date]
    ended_on: Mapped[dt.date | None]
    status: Mapped[DistributionStatus] = mapped_column(
        ChoiceType(DistributionStatus), default=DistributionStatus.FOLLOWING)
    origin: Mapped[Origin] = mapped_column(KindType(Origin))
    memo: Mapped[str | None] = mapped_column(String(256), info=PERSONAL)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    consultant: Mapped[Employee] = relationship()
    customer: Mapped[Customer] = relationship()

    @property
    def is_open(self) -> bool:
        return self.status == DistributionStatus.FOLLOWING

    def status_shown(self, today: dt.date) -> DistributionStatus:
        """The status as people see it: an open row of a public customer reads as the night will close it."""
        if self.is_open and self.customer.is_public(today) and self.customer.public_as is not None:
            return self.customer.public_as
        return self.status

    def ended_on_shown(self, today: dt.date) -> dt.date | None:
        """The day the holding ended as people see it, likewise."""
        if self.is_open and self.customer.is_public(today):
            return self.customer.public_on
        return self.ended_on

    def __str__(self) -> str:
        return f"#{self.id}"
