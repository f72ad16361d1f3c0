"""The named cast: 三江 holds, 暴雨 and 大傻 want to; a manager, an admin and those outside sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Table, select
from sqlalchemy.orm import Session

from app.extensions import Base
from app.models import AuditEntry, Campus, Course, Department, Employee, Role
from app.models.choices import DepartmentFunction
from app.services import employees, passwords

PASSWORD = "demo-pass-2026"

DEPARTMENTS = {
    1000: ("市场部", DepartmentFunction.MARKETING),
    1001: ("销售部", DepartmentFunction.SALES),
    1002: ("班主任", DepartmentFunction.TUTORING),
    1003: ("教学部", DepartmentFunction.TEACHING),
    1004: ("教研部", DepartmentFunction.TEACHING),
    1005: ("课程顾问", DepartmentFunction.SALES),
    1006: ("财务部", DepartmentFunction.FINANCE),
    1007: ("校长办公室", DepartmentFunction.OTHER),
}

CAST = {
    "admin": ("管理员", 1007, "admin"),
    "manager": ("主管", 1007, "manager"),
    "sanjiang": ("三江", 1001, "consultant"),
    "baoyu": ("暴雨", 1005, "consultant"),
    "dasha": ("大傻", 1001, "consultant"),
    "tutor": ("班主任", 1002, "tutor"),
    "teacher": ("讲师", 1003, "teacher"),
    "finance": ("会计", 1006, "finance"),
    "auditor": ("审计", 1007, "auditor"),
}


@dataclass
class School:
    """The school the tests play in: its people by name, its departments by code, its roles by code."""

    sanjiang: Employee
    baoyu: Employee
    dasha: Employee
    manager: Employee
    admin: Employee
    tutor: Employee
    teacher: Employee
    finance: Employee
    auditor: Employee
    departments: dict[int, Department]
    roles: dict[str, Role]
    python: Course
    linux: Course
    beijing: Campus
    shanghai: Campus

    @property
    def consultants(self) -> tuple[Employee, Employee, Employee]:
        return self.sanjiang, self.baoyu, self.dasha

    @property
    def everyone(self) -> list[Employee]:
        return [getattr(self, username) for username in CAST]


_hashes: dict[str, str] = {}


def password_hash(password: str = PASSWORD) -> str:
    """The hash of a password, worked out once."""
    if password not in _hashes:
        _hashes[password] = passwords.hash_password(password)
    return _hashes[password]


_rows: dict[str, list[tuple[Table, list[dict[str, Any]]]]] = {}
"""What a school consists of, by database: made once through the services, then only copied."""


def open_school(session: Session) -> School:
    """Fill an empty database with the departments, roles and people, and commit."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    name = str(engine.url)
    if name not in _rows:
        _found_school(session)
        _rows[name] = [(table, [dict(row) for row in session.execute(table.select()).mappings()])
                       for table in Base.metadata.sorted_tables if table.name != AuditEntry.__tablename__]
    else:
        for table, rows in _rows[name]:
            if rows:
                session.execute(table.insert(), rows)
    session.commit()
    people = {person.username: person for person in session.scalars(select(Employee))}
    python, linux = session.scalars(select(Course).order_by(Course.id))
    beijing, shanghai = session.scalars(select(Campus).order_by(Campus.id))
    return School(**people, departments={d.code: d for d in session.scalars(select(Department))},
                  roles={str(role.code): role for role in session.scalars(select(Role))},
                  python=python, linux=linux, beijing=beijing, shanghai=shanghai)


def _found_school(session: Session) -> None:
    departments = {code: Department(code=code, title=title, function=function)
                   for code, (title, function) in DEPARTMENTS.items()}
    session.add_all(departments.values())
    roles = employees.ensure_built_in_roles(session)
    for username, (name, code, role) in CAST.items():  # one by one: their ids are in the order of the cast
        session.add(Employee(name=name, username=username, password_hash=password_hash(),
                             department=departments[code], roles=[roles[role]]))
        session.flush()
    for thing in (Course(name="Python全栈"), Course(name="Linux中高级"),
                  Campus(title="北京校区"), Campus(title="上海校区")):
        session.add(thing)
        session.flush()
    session.commit()
