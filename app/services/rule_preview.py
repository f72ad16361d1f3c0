"""What other rules would do to those who are held now, before anybody decides them: per consultant, nothing stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.models import Customer, Department, Employee
from app.models.choices import Source
from app.services import leaves, pool
from app.services.calendars import Leaves
from app.services.rule_book import RuleBook
from app.services.rules import ONE_DAY


@dataclass(frozen=True)
class Counts:
    """Customers, by what the rules would do to them.

    Args:
        held: how many are held.
        tonight: how many turn public tonight as it stands.
        tonight_then: how many would under the new rules.
        earlier, later: how many would fall earlier than it stands, and how many later.
    """

    held: int = 0
    tonight: int = 0
    tonight_then: int = 0
    earlier: int = 0
    later: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.held + other.held, self.tonight + other.tonight, self.tonight_then + other.tonight_then,
                      self.earlier + other.earlier, self.later + other.later)

    @property
    def is_changed(self) -> bool:
        """Whether anybody would fall on another day."""
        return bool(self.earlier or self.later)


@dataclass(frozen=True)
class Effect:
    """What the rules would do to one consultant's customers."""

    consultant_id: int
    name: str
    department: str
    counts: Counts


@dataclass(frozen=True)
class Preview:
    """The same for all of them: those most would change for come first."""

    effects: list[Effect]

    @property
    def total(self) -> Counts:
        return sum((each.counts for each in self.effects), Counts())


def preview(session: Session, after: RuleBook, *, today: dt.date) -> Preview:
    """What a recomputation under these rules would do now.

    As it stands means the stored `public_on`, which is what the night goes by. Customers alike in all that decides
    their fall are worked out once, so that the cost grows with the days and sources there are and hardly with the
    customers.

    Args:
        after: the book as it would be.
    """
    tomorrow, groups = today + ONE_DAY, _groups(session, today)
    away = leaves.approved(session, {each.consultant_id for each in groups})

    @cache
    def falls_on(department_code: int, source: Source, leave: Leaves,
                 dates: tuple[dt.date, dt.date, dt.date | None]) -> dt.date:
        return max(after.clock(department_code, source, leave).fall(*dates).public_on, tomorrow)

    found: dict[int, Counts] = {}
    for each in groups:
        then = falls_on(each.department_code, each.source, away.get(each.consultant_id, ()),
                        (each.recv_date, each.last_consult_date, each.locked_until))
        found[each.consultant_id] = found.get(each.consultant_id, Counts()) + Counts(
            each.number, each.number * (each.public_on == tomorrow), each.number * (then == tomorrow),
            each.number * (then < each.public_on), each.number * (then > each.public_on))
    return Preview(_named(session, found))


def _groups(session: Session, today: dt.date) -> list[Row[Any]]:
    """Held customers that are alike in what decides their fall, with their number."""
    alike = (Customer.consultant_id, Customer.source, Customer.recv_date, Customer.last_consult_date,
             Customer.locked_until, Customer.public_on)
    counted = (select(*alike, func.count().label("number")).where(pool.is_held(today), Customer.recv_date.is_not(None))
               .group_by(*alike).subquery())
    return list(session.execute(select(counted, Employee.department_code)
                                .join(Employee, Employee.id == counted.c.consultant_id)))


def _named(session: Session, counts: dict[int, Counts]) -> list[Effect]:
    """The consultants by name and department, those most would change for first."""
    people = {consultant_id: (name, title) for consultant_id, name, title in session.execute(
        select(Employee.id, Employee.name, Department.title).join(Employee.department)
        .where(Employee.id.in_(sorted(counts))))}
    effects = [Effect(consultant_id, *people[consultant_id], each) for consultant_id, each in counts.items()]
    return sorted(effects, key=lambda each: (each.counts.tonight - each.counts.tonight_then,
                                             -each.counts.earlier - each.counts.later, each.name, each.consultant_id))
