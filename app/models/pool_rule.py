"""The pool rules as they are stored: the school's, and what a department or a source has otherwise."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.choices import Calendar, RuleLevel, Source
from app.models.department import Department
from app.models.types import ChoiceType, KindType, one_of

_SCHOOL = text("level = 'school'")


class PoolRule(Base):
    """One set of rules. What is NULL is as the next wider set has it: source, department, school.

    0 switches a limit off. What a set may hold is said in `app.services.pool_rules`.
    """

    __tablename__ = "pool_rule"
    __table_args__ = (
        one_of("source", Source),
        one_of("calendar", Calendar),
        one_of("level", RuleLevel),
        CheckConstraint("(level = 'department') = (department_code IS NOT NULL)", name="department_of_its_level"),
        CheckConstraint("(level = 'source') = (source IS NOT NULL)", name="source_of_its_level"),
        CheckConstraint("source IS NULL OR (warn_days IS NULL AND holding_limit IS NULL AND daily_claim_limit IS NULL "
                        "AND cool_down_days IS NULL AND lock_limit IS NULL AND lock_days IS NULL "
                        "AND enrol_hold_days IS NULL AND calendar IS NULL)", name="sources_have_terms"),
        Index("uq_pool_rule_school", "level", unique=True, postgresql_where=_SCHOOL, sqlite_where=_SCHOOL),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[RuleLevel] = mapped_column(KindType(RuleLevel))
    department_code: Mapped[int | None] = mapped_column(
        ForeignKey("department.code", ondelete="CASCADE", onupdate="CASCADE"), unique=True)
    source: Mapped[Source | None] = mapped_column(ChoiceType(Source), unique=True)
    follow_up_days: Mapped[int | None]
    deal_days: Mapped[int | None]
    warn_days: Mapped[int | None]
    holding_limit: Mapped[int | None]
    daily_claim_limit: Mapped[int | None]
    cool_down_days: Mapped[int | None]
    lock_limit: Mapped[int | None]
    lock_days: Mapped[int | None]
    enrol_hold_days: Mapped[int | None]
    calendar: Mapped[Calendar | None] = mapped_column(KindType(Calendar))

    department: Mapped[Department | None] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"
