"""Small tables that forms and filters offer to choose from."""

from __future__ import annotations

from sqlalchemy import Select, select

from app.extensions import db
from app.models import Campus, Course, Department, Employee, Role
from app.models.choices import DepartmentFunction
from app.services import employees


def campuses() -> Select[Campus]:
    """All campuses by name."""
    return select(Campus).order_by(Campus.title)


def courses() -> Select[Course]:
    """All courses by name."""
    return select(Course).order_by(Course.name)


def departments() -> Select[Department]:
    """All departments by code."""
    return select(Department).order_by(Department.code)


def roles() -> Select[Role]:
    """All roles, the built-in ones first."""
    return select(Role).order_by(Role.id)


def consultants() -> Select[Employee]:
    """Who may hold customers, by name."""
    return employees.of_function(DepartmentFunction.SALES)


def campus_options() -> list[tuple[str, str]]:
    """For a filter by campus."""
    return [(str(campus.id), campus.title) for campus in db.session.scalars(campuses())]


def course_options() -> list[tuple[str, str]]:
    """For a filter by course."""
    return [(str(course.id), course.name) for course in db.session.scalars(courses())]


def department_options() -> list[tuple[str, str]]:
    """For a filter by department."""
    return [(str(department.code), department.title) for department in db.session.scalars(departments())]


def consultant_options() -> list[tuple[str, str]]:
    """For a filter by consultant."""
    return [(str(consultant.id), consultant.name) for consultant in db.session.scalars(consultants())]


def role_options() -> list[tuple[str, str]]:
    """For a filter by role."""
    return [(str(role.id), role.name) for role in db.session.scalars(roles())]
