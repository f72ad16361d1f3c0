"""What the school is made of: departments, campuses, courses and classes. Rows that are there already are kept."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.chance import pick
from app.demo.people import Staff
from app.demo.profiles import Offer
from app.errors import ConflictError
from app.models import Campus, Course, CourseClass, Department
from app.models.choices import DepartmentFunction

F = DepartmentFunction

DEPARTMENTS = (
    (1000, "市场部", F.MARKETING), (1001, "销售部", F.SALES), (1002, "班主任", F.TUTORING),
    (1003, "教学部", F.TEACHING), (1004, "教研部", F.TEACHING), (1005, "课程顾问", F.SALES),
    (1006, "财务部", F.FINANCE), (1007, "行政部", F.OTHER))

_CAMPUSES = (("北京校区", 40), ("上海校区", 25), ("深圳校区", 17), ("广州校区", 8), ("成都校区", 6), ("武汉校区", 4))


@dataclass(frozen=True)
class _CourseKind:
    name: str
    share: int
    price: int
    weeks: int


_COURSES = (
    _CourseKind("Python全栈", 26, 19800, 24), _CourseKind("Linux架构师", 13, 16800, 20),
    _CourseKind("数据分析", 15, 15800, 16), _CourseKind("Go微服务", 8, 17800, 18),
    _CourseKind("Java后端", 12, 18800, 24), _CourseKind("Web前端", 10, 15800, 18),
    _CourseKind("网络安全", 6, 17800, 20), _CourseKind("人工智能", 6, 21800, 22),
    _CourseKind("软件测试", 3, 12800, 14), _CourseKind("云原生运维", 1, 16800, 16))

_OFFERED_AT = {"北京校区": 10, "上海校区": 6, "深圳校区": 5, "广州校区": 3, "成都校区": 3, "武汉校区": 2}
"""How many of the courses, in their order, each campus teaches."""

_FIRST_SEMESTER = {"北京校区": 21, "上海校区": 12, "深圳校区": 9, "广州校区": 4, "成都校区": 3, "武汉校区": 1}
_WEEKS_BETWEEN_CLASSES = 10
_MEMOS = ("周末班", "脱产班,含住宿", "晚班,每周三次", None, None, None)


@dataclass(frozen=True)
class Catalogue:
    """What customers can ask about."""

    courses: list[Offer]
    campuses: list[Offer]


def add_departments(session: Session) -> None:
    """The departments people and rules refer to.

    Raises:
        ConflictError: a department with one of the codes is there, for something else.
    """
    there = {department.code: department for department in session.scalars(select(Department))}
    for code, title, function in DEPARTMENTS:
        if code not in there:
            session.add(Department(code=code, title=title, function=function))
        elif there[code].function != function:
            raise ConflictError(f"Department {code} is there already and is for something else than {title}.")
    session.flush()


def add_catalogue(session: Session) -> Catalogue:
    """Campuses and courses."""
    campuses = {campus.title: campus for campus in session.scalars(select(Campus))}
    courses = {course.name: course for course in session.scalars(select(Course))}
    for title, _share in _CAMPUSES:
        campuses.setdefault(title, Campus(title=title))
    for kind in _COURSES:
        courses.setdefault(kind.name, Course(name=kind.name))
    session.add_all([*campuses.values(), *courses.values()])
    session.flush()
    return Catalogue([Offer(courses[kind.name].id, kind.name, kind.share) for kind in _COURSES],
                     [Offer(campuses[title].id, title, share) for title, share in _CAMPUSES])


def add_classes(session: Session, rng: random.Random, catalogue: Catalogue, as_of: dt.date,
                staff: Staff) -> None:
    """Graduated, running and coming classes of each course at each campus; the first tutor and teacher run one."""
    tutors, teachers = staff.tutors, staff.teachers
    there = {(row.campus_id, row.course_id, row.semester) for row in session.scalars(select(CourseClass))}
    for place, campus in enumerate(catalogue.campuses):
        for number in range(_OFFERED_AT[campus.name]):
            kind, course = _COURSES[number], catalogue.courses[number]
            newest = as_of + dt.timedelta(days=10 + (number * 17 + place * 5) % 45)
            for back in range(6):
                start = newest - dt.timedelta(weeks=_WEEKS_BETWEEN_CLASSES * back)
                row = CourseClass(
                    campus_id=campus.id, course_id=course.id, semester=_FIRST_SEMESTER[campus.name] + 6 - back,
                    price=Decimal(kind.price - (500 if back else 0)), capacity=pick(rng, (24, 30, 30, 36, 40)),
                    start_date=start, graduate_date=start + dt.timedelta(weeks=kind.weeks),
                    tutor_id=pick(rng, tutors).id, memo=pick(rng, _MEMOS))
                row.teachers = rng.sample(teachers, k=min(len(teachers), 1 + int(rng.random() * 2)))
                if number == 0 and back == 1:
                    row.tutor_id, row.teachers = tutors[0].id, [teachers[0]]
                if (row.campus_id, row.course_id, row.semester) not in there:
                    session.add(row)
    session.flush()
