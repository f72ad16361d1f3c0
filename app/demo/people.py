"""Who works at the school, with logins for whoever tries it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.demo.chance import pick
from app.demo.histories import Consultant, Roster
from app.demo.names import draw_name
from app.models import Employee, Role, SalesRank
from app.services.employees import ensure_built_in_roles
from app.services.passwords import hash_password

DEMO_PASSWORD = "demo-pass-2026"  # noqa: S105 - known to all: it is printed, and only demo data has it


class DemoLogin(NamedTuple):
    """A login whoever tries the demo is told of; the title is the name of the built-in role, untranslated."""

    username: str
    name: str
    title: str


DEMO_LOGINS = (
    DemoLogin("admin", "陈立新", "Admin"), DemoLogin("manager", "周海燕", "Manager"),
    DemoLogin("sanjiang", "三江", "Consultant"), DemoLogin("baoyu", "暴雨", "Consultant"),
    DemoLogin("dasha", "大傻", "Consultant"), DemoLogin("tutor", "苏晓彤", "Tutor"),
    DemoLogin("teacher", "郝文斌", "Teacher"), DemoLogin("finance", "钱慧敏", "Finance"),
    DemoLogin("auditor", "秦正", "Auditor"))

DEMO_CONSULTANTS = ("sanjiang", "baoyu", "dasha")
_DEPARTMENTS = {"admin": 1007, "manager": 1001, "sanjiang": 1001, "baoyu": 1005, "dasha": 1001, "tutor": 1002,
                "teacher": 1003, "finance": 1006, "auditor": 1007}

_LEAVER_EVERY = 15
"""One in so many consultants has left in the course of the year."""

_PICKED_MORE_OFTEN = 2
"""The demo consultants, than the others, so that there is something to see."""


@dataclass(frozen=True)
class Staff:
    """Who plays a part in the customers' histories and the classes."""

    roster: Roster
    demo_consultants: tuple[int, ...]
    """The ids of 三江, 暴雨 and 大傻."""
    tutors: list[Employee]
    teachers: list[Employee]


class _Hiring:
    """Adds employees, each name and login once, all with the demo password, which is hashed once."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        self._session = session
        self._rng = rng
        self._roles = ensure_built_in_roles(session)
        self._hash = hash_password(DEMO_PASSWORD)
        self._names: set[str] = set()
        self._usernames = {login.username for login in DEMO_LOGINS}

    def demo_login(self, login: DemoLogin) -> Employee:
        return self._add(login.username, login.name, _DEPARTMENTS[login.username], self._roles[login.title.lower()])

    def hire(self, number: int, role: str, departments: tuple[int, ...]) -> list[Employee]:
        """So many more people with believable names."""
        return [self._draw(self._roles[role], departments) for _ in range(number)]

    def _draw(self, role: Role, departments: tuple[int, ...]) -> Employee:
        name = draw_name(self._rng)
        while name.text in self._names:
            name = draw_name(self._rng)
        self._names.add(name.text)
        plain = username = name.surname_pinyin + name.given_pinyin
        number = 1
        while username in self._usernames:
            number += 1
            username = f"{plain}{number}"
        self._usernames.add(username)
        return self._add(username, name.text, pick(self._rng, departments), role)

    def _add(self, username: str, name: str, department: int, role: Role) -> Employee:
        employee = Employee(username=username, name=name, email=f"{username}@school.example", password_hash=self._hash,
                            department_code=department, active=True, roles=[role])
        self._session.add(employee)
        return employee


def add_staff(session: Session, rng: random.Random, customers: int, as_of: dt.date) -> Staff:
    """The demo logins and as many colleagues as so many customers need."""
    hiring = _Hiring(session, rng)
    known = {login.username: hiring.demo_login(login) for login in DEMO_LOGINS}
    consultants = hiring.hire(_between(12, customers // 2000, 500), "consultant", (1001, 1005))
    hiring.hire(1 + customers // 100_000, "manager", (1000,))
    tutors = [known["tutor"], *hiring.hire(_between(3, customers // 20_000, 60), "tutor", (1002,))]
    teachers = [known["teacher"], *hiring.hire(_between(5, customers // 20_000, 60), "teacher", (1003, 1004))]
    session.flush()
    left_on = {consultant.id: as_of - dt.timedelta(days=60 + int(rng.random() * 200))
               for consultant in consultants[::_LEAVER_EVERY]}
    for consultant in consultants:
        consultant.active = consultant.id not in left_on
    demo = [known[username] for username in DEMO_CONSULTANTS]
    _rank(session, rng, [*demo, *(consultant for consultant in consultants if consultant.active)])
    listed = [Consultant(employee.id, left_on.get(employee.id))
              for employee in [*demo * _PICKED_MORE_OFTEN, *consultants]]
    return Staff(Roster(listed), tuple(employee.id for employee in demo), tutors, teachers)


def _rank(session: Session, rng: random.Random, consultants: list[Employee]) -> None:
    """Every consultant's place in the automatic assignment."""
    for place, consultant in enumerate(consultants):
        session.add(SalesRank(consultant_id=consultant.id, num=1 + int(rng.random() * 4),
                              weight=max(1, 100 - place)))
    session.flush()


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
