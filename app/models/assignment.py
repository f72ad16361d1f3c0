"""Automatic assignment: the rounds by which leads are dealt out, and a ledger line for each lead."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.choices import AssignmentStrategy
from app.models.customer import Customer
from app.models.employee import Employee
from app.models.types import ChoiceType, UTCDateTime, one_of


class AssignmentRound(Base):
    """A round as it was built when it started: `slots` are the consultants in order, `position` how many are spent.

    They are numbered without gaps. The last one is the present one, and whoever deals out a lead holds its lock. Number
    0 is no round yet, but something to lock.
    """

    __tablename__ = "assignment_round"
    __audited__ = False  # each lead leaves a line of the ledger, which is
    __table_args__ = (CheckConstraint("position >= 0", name="position_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slots: Mapped[list[int]] = mapped_column(JSON)
    position: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)

    @property
    def is_over(self) -> bool:
        return self.position >= len(self.slots)

    def __str__(self) -> str:
        return f"#{self.id}"


class AssignmentEntry(Base):
    """One lead that was assigned automatically: who got it and why he; without a consultant it went to the pool.

    `passed_over` names whose turn came before and why he did not get the lead: a list of `consultant_id`, `reason`
    and `slot`, if one was spent. `open_customers` is how many he held, where the strategy asks for that.
    """

    __tablename__ = "assignment_entry"
    __person__ = (PersonKind.CUSTOMER, "customer_id")
    __table_args__ = (
        one_of("strategy", AssignmentStrategy),
        CheckConstraint("(consultant_id IS NULL) = (distribution_id IS NULL)", name="a_holding_for_a_consultant"),
        CheckConstraint("(round_id IS NULL) = (slot IS NULL)", name="a_slot_of_a_round"),
        Index("uq_assignment_entry_slot", "round_id", "slot", unique=True),  # no turn comes twice
        Index("ix_assignment_entry_at", "at", "consultant_id"),
        Index("ix_assignment_entry_consultant_id", "consultant_id", "id"),
        Index("ix_assignment_entry_customer_id", "customer_id", "id"),
        {"sqlite_autoincrement": True},  # a merge remembers rows by their numbers
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    consultant_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    distribution_id: Mapped[int | None] = mapped_column(ForeignKey("distribution.id", ondelete="RESTRICT"), unique=True)
    strategy: Mapped[AssignmentStrategy] = mapped_column(ChoiceType(AssignmentStrategy))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("assignment_round.id", ondelete="RESTRICT"))
    slot: Mapped[int | None]
    open_customers: Mapped[int | None]
    passed_over: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    customer: Mapped[Customer] = relationship()
    consultant: Mapped[Employee | None] = relationship()
    round: Mapped[AssignmentRound | None] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"
