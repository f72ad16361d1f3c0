"""Sales ranks: how many leads a consultant gets per round, and in which order."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.employee import Employee


class SalesRank(Base):
    """A consultant's place in the automatic assignment: `num` slots per round, `weight` the order within a pass.

    While he is `paused` he is passed over, from the next lead on.
    """

    __tablename__ = "sales_rank"
    __table_args__ = (CheckConstraint("num >= 0", name="num_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    consultant_id: Mapped[int] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), unique=True)
    num: Mapped[int]
    weight: Mapped[int]
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())

    consultant: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"
