"""Classes by their dates: whose they are, which run, which are to come."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.models import CourseClass, Employee

MOST = 20
"""So many classes are looked at; of more, those that begin nearest to today."""


def of_employee(session: Session, employee_id: int, *, today: dt.date) -> list[CourseClass]:
    """The classes somebody teaches or tutors, the latest first."""
    own = or_(CourseClass.tutor_id == employee_id, CourseClass.teachers.any(Employee.id == employee_id))
    return _nearest(session, _classes().where(own), today)


def running_or_coming(session: Session, *, today: dt.date) -> list[CourseClass]:
    """The classes that have not graduated, the latest first."""
    return _nearest(session, _classes().where(or_(
        CourseClass.graduate_date.is_(None), CourseClass.graduate_date >= today)), today)


def _nearest(session: Session, classes: Select[CourseClass], today: dt.date) -> list[CourseClass]:
    """Those of the classes that begin, or have begun, nearest to a day."""
    start, number = CourseClass.start_date, CourseClass.id
    found = [*session.scalars(classes.where(start > today).order_by(start, number).limit(MOST)),
             *session.scalars(classes.where(start <= today).order_by(start.desc(), number.desc()).limit(MOST))]
    nearest = sorted(found, key=lambda each: abs(each.start_date - today))[:MOST]
    return sorted(nearest, key=lambda each: (each.start_date, each.id), reverse=True)


def _classes() -> Select[CourseClass]:
    return select(CourseClass).options(joinedload(CourseClass.course), joinedload(CourseClass.campus),
                                       joinedload(CourseClass.tutor), selectinload(CourseClass.teachers))
