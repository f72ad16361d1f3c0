"""Which rules bind whom: the stored sets, source before department before school, and the days that count.

A book is read anew for every transaction; nothing of it is kept in memory between two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import CalendarDay, Customer, Employee, PoolRule
from app.models.choices import Calendar, Source
from app.services import leaves as leave_service
from app.services.calendars import NO_OWN_DAYS, CountedDays, Leaves, SchoolDays
from app.services.rules import DEFAULTS, Fall, PoolRules, fall, terms

NAMES = tuple(each.name for each in fields(PoolRules))
OF_SOURCES = ("follow_up_days", "deal_days")
"""What a source may have otherwise; a department may have anything otherwise."""

Overrides = Mapping[str, Any]
"""Name of a rule → what it is here; what is not in it is as the wider set has it."""


@dataclass(frozen=True)
class Clock:
    """What decides when one customer falls: his rules, and the days that count for his consultant."""

    rules: PoolRules
    days: CountedDays

    def fall(self, recv_date: dt.date, last_consult_date: dt.date, locked_until: dt.date | None = None) -> Fall:
        """When a holding ends if nothing more happens."""
        return fall(recv_date, last_consult_date, locked_until=locked_until, rules=self.rules, days=self.days)

    def terms(self, recv_date: dt.date, last_consult_date: dt.date) -> tuple[dt.date, dt.date]:
        """The days on which it would end by the follow-up term alone and by the deal term alone."""
        return terms(recv_date, last_consult_date, self.rules, self.days)


@dataclass(frozen=True)
class RuleBook:
    """All rules as they stand."""

    school: PoolRules = DEFAULTS
    departments: Mapping[int, Overrides] = field(default_factory=dict)
    sources: Mapping[Source, Overrides] = field(default_factory=dict)
    own_days: SchoolDays = NO_OWN_DAYS

    def of(self, department_code: int | None, source: Source | None = None) -> PoolRules:
        """The rules of a consultant's department, and of a customer's source if one is given."""
        found = replace(self.school, **self.departments.get(department_code or 0, {}))
        return replace(found, **self.sources.get(source, {})) if source is not None else found

    @property
    def limits_holding(self) -> bool:
        """Whether anybody's number of customers is limited."""
        return bool(self.school.holding_limit or any(each.get("holding_limit") for each in self.departments.values()))

    def clock(self, department_code: int | None, source: Source | None, leaves: Leaves = ()) -> Clock:
        """The clock of a customer from a source, whose consultant is of a department and away on those days."""
        found = self.of(department_code, source)
        return Clock(found, CountedDays(found.calendar, self.own_days, leaves))


def load(session: Session) -> RuleBook:
    """The book as it stands: one query, and another if anybody counts working days only."""
    school, departments, sources = DEFAULTS, dict[int, Overrides](), dict[Source, Overrides]()
    for row in session.scalars(select(PoolRule).execution_options(populate_existing=True)):
        said = overrides(row)
        if row.department_code is not None:
            departments[row.department_code] = said
        elif row.source is not None:
            sources[row.source] = said
        else:
            school = replace(DEFAULTS, **said)
    calendars = {school.calendar, *(each.get("calendar", school.calendar) for each in departments.values())}
    own = _own_days(session) if calendars != {Calendar.EVERY_DAY} else NO_OWN_DAYS
    return RuleBook(school, departments, sources, own)


def lock(session: Session) -> None:
    """Let nobody change the rules until the transaction ends: who begins a holding does so before he reads them.

    A change of rules is followed by a recomputation of everybody who is held. Whoever is just being claimed is not
    held yet, and would be passed over; so the change waits for such transactions, and they for it, but not for each
    other. On SQLite whoever writes is alone anyway.
    """
    _lock(session, "ROW SHARE")


def lock_to_change(session: Session) -> None:
    """Wait for those who read the rules to begin a holding, and keep others from it until the transaction ends."""
    _lock(session, "EXCLUSIVE")


def _lock(session: Session, mode: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE pool_rule IN {mode} MODE"))


def overrides(row: PoolRule) -> Overrides:
    """What a stored set says."""
    return {name: value for name in NAMES if (value := getattr(row, name)) is not None}


def clock_of(session: Session, customer: Customer, consultant: Employee, book: RuleBook | None = None) -> Clock:
    """The clock of one customer with one consultant: the book, read now if it is not given, and his leaves."""
    leaves = leave_service.approved(session, [consultant.id]).get(consultant.id, ())
    return (book or load(session)).clock(consultant.department_code, customer.source, leaves)


def clocks_of(session: Session, book: RuleBook, customers: Iterable[Customer]) -> dict[int, Clock]:
    """The clocks of customers with their present consultants, who are loaded, by id: one query, for the leaves."""
    held = [each for each in customers if each.consultant is not None]
    leaves = leave_service.approved(session, {each.consultant_id for each in held})
    return {each.id: book.clock(each.consultant.department_code, each.source, leaves.get(each.consultant_id, ()))
            for each in held if each.consultant is not None and each.consultant_id is not None}


def rules_of(session: Session, employee: Employee) -> PoolRules:
    """The rules of somebody's department."""
    return load(session).of(employee.department_code)


def _own_days(session: Session) -> SchoolDays:
    days = {True: set[dt.date](), False: set[dt.date]()}
    for day, works in session.execute(select(CalendarDay.day, CalendarDay.works)):
        days[works].add(day)
    return SchoolDays(closed=frozenset(days[False]), open=frozenset(days[True]))
