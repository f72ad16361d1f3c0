"""What the command palette finds besides screens: a few rows of each kind, by what people type or by their ids.

Each function gives the queries to ask one after the other until enough is found; of nothing typed, one for all rows.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from app.models import Campus, Course, CourseClass, Customer, Employee
from app.models.contacts import CONTACT_FIELDS
from app.services import search

MOST = 8
"""So many rows of a kind are offered."""

NEWEST = 10_000
"""Of so many customers, the newest, a name or a contact is searched through."""

_WORDS = re.compile(r"[\s()()期]+")
"""What stands between the words of a class's name, as in Python全栈(3期)."""


def customers(typed: str, *, visible: ColumnElement[bool]) -> list[Select[Customer]]:
    """Customers by a part of their name or, where these are visible, of a contact, newest first.

    Of the newest any part counts, of all others the beginning: whoever looks for an old customer types his surname,
    and nobody waits while all there ever were are read through.

    Args:
        visible: the customers whose contacts whoever searches sees; of the others' a search learns nothing.
    """
    found = select(Customer).options(joinedload(Customer.consultant)).where(Customer.erased_on.is_(None))
    found = found.order_by(Customer.id.desc())
    first, *others = typed.split() or [""]
    if not first:
        return [found]
    for part in others:
        found = found.where(search.customers(part, visible=visible))
    newest = Customer.id > select(func.max(Customer.id)).scalar_subquery() - NEWEST
    return [found.where(newest, search.customers(first, visible=visible)),
            found.where(search.beginning(first, "name")),
            found.where(visible, search.beginning(first, *CONTACT_FIELDS))]


def classes(typed: str) -> list[Select[CourseClass]]:
    """Classes by a part of the course's or campus's name and by the semester; latest first."""
    found = (select(CourseClass).join(CourseClass.course).join(CourseClass.campus)
             .options(contains_eager(CourseClass.course), contains_eager(CourseClass.campus)))
    for word in filter(None, _WORDS.split(typed)):
        ways = [Course.name.icontains(word, autoescape=True), Campus.title.icontains(word, autoescape=True)]
        if word.isascii() and word.isdecimal() and len(word) < 5:
            ways.append(CourseClass.semester == int(word))
        found = found.where(or_(*ways))
    return [found.order_by(CourseClass.start_date.desc(), CourseClass.id.desc())]


def courses(typed: str) -> list[Select[Course]]:
    """Courses by a part of their name."""
    parts = [Course.name.icontains(part, autoescape=True) for part in typed.split()]
    return [select(Course).where(*parts).order_by(Course.name)]


def employees(typed: str) -> list[Select[Employee]]:
    """Employees by a part of their name or login name."""
    parts = [or_(Employee.name.icontains(part, autoescape=True), Employee.username.icontains(part, autoescape=True))
             for part in typed.split()]
    return [select(Employee).where(*parts, Employee.erased_on.is_(None)).order_by(
        Employee.active.desc(), Employee.name, Employee.id)]
