"""Classes: one run of a course at a campus."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Numeric, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.campus import Campus
from app.models.course import Course
from app.models.employee import Employee

course_class_teacher = Table(
    "course_class_teacher",
    Base.metadata,
    Column("course_class_id", ForeignKey("course_class.id", ondelete="CASCADE"), primary_key=True),
    Column("employee_id", ForeignKey("employee.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class CourseClass(Base):
    """A class, shown as course(semester), for example Python全栈(3期)."""

    __tablename__ = "course_class"
    __table_args__ = (
        UniqueConstraint("campus_id", "course_id", "semester"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("semester >= 1", name="semester_positive"),
        CheckConstraint("graduate_date IS NULL OR graduate_date >= start_date", name="graduates_after_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campus_id: Mapped[int] = mapped_column(ForeignKey("campus.id", ondelete="RESTRICT"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="RESTRICT"), index=True)
    semester: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    capacity: Mapped[int] = mapped_column(default=30)
    start_date: Mapped[dt.date]
    graduate_date: Mapped[dt.date | None]
    tutor_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"), index=True)
    memo: Mapped[str | None] = mapped_column(String(256))

    campus: Mapped[Campus] = relationship()
    course: Mapped[Course] = relationship(lazy="joined", innerjoin=True)
    tutor: Mapped[Employee | None] = relationship()
    teachers: Mapped[list[Employee]] = relationship(secondary=course_class_teacher, order_by="Employee.id")

    def __str__(self) -> str:
        return f"{self.course.name}({self.semester}期)"
