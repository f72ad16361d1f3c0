"""Classes by their dates: whose they are, which run, which are to come."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.models import CourseClass, Employee


def of_employee(session: Session, employee_id: int) -> list[CourseClass]:
    """The classes somebody teaches or tutors, the latest first."""
    return list(session.scalars(_classes().where(or_(
        CourseClass.tutor_id == employee_id, CourseClass.teachers.any(Employee.id == employee_id)))
        .order_by(CourseClass.start_date.desc(), CourseClass.id.desc())))


def running_or_coming(session: Session, *, today: dt.date, size: int = 20) -> list[CourseClass]:
    """The classes that have not graduated, the latest first."""
    return list(session.scalars(_classes().where(or_(
        CourseClass.graduate_date.is_(None), CourseClass.graduate_date >= today))
        .order_by(CourseClass.start_date.desc(), CourseClass.id.desc()).limit(size)))


def _classes() -> Select[CourseClass]:
    return select(CourseClass).options(joinedload(CourseClass.course), joinedload(CourseClass.campus),
                                       joinedload(CourseClass.tutor), selectinload(CourseClass.teachers))
