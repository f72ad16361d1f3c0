"""The named cast: 三江 holds, 暴雨 and 大傻 want to; a manager, an admin and those outside sales."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.models import Campus, Course, Department, Employee, Role
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
    departments: dict[int, Department] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    python: Course = field(default_factory=lambda: Course(name="Python全栈"))
    linux: Course = field(default_factory=lambda: Course(name="Linux中高级"))
    beijing: Campus = field(default_factory=lambda: Campus(title="北京校区"))
    shanghai: Campus = field(default_factory=lambda: Campus(title="上海校区"))

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


def open_school(session: Session) -> School:
    """Fill an empty database with the departments, roles and people, and commit."""
    departments = {code: Department(code=code, title=title, function=function)
                   for code, (title, function) in DEPARTMENTS.items()}
    session.add_all(departments.values())
    roles = employees.ensure_built_in_roles(session)
    people = {username: Employee(name=name, username=username, password_hash=password_hash(),
                                 department=departments[code], roles=[roles[role]])
              for username, (name, code, role) in CAST.items()}
    for person in people.values():  # one by one: their ids are in the order of the cast
        session.add(person)
        session.flush()
    school = School(**people, departments=departments, roles=roles)
    session.add_all([school.python, school.linux, school.beijing, school.shanghai])
    session.commit()
    return school
