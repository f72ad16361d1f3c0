"""The pool rules in words: whose they are, what they say, and which days of theirs do not count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString, format_number, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app import current
from app.admin import days_off
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Department
from app.models.choices import Calendar, DepartmentFunction, RuleLevel, Source
from app.services import calendars
from app.services.calendars import CountedDays
from app.services.pool_rules import SCHOOL, Scope, said_by
from app.services.rule_book import RuleBook

AHEAD = dt.timedelta(days=60)
"""How far the page looks for days that do not count."""

OFF: dict[str, LazyString] = {
    "warn_days": _l("no warning"), "holding_limit": _l("any number"), "daily_claim_limit": _l("any number"),
    "cool_down_days": _l("until somebody else has had the customer"), "lock_limit": _l("none")}
"""What 0 means, for every rule that it switches off."""

_NUMBERS = ("holding_limit", "daily_claim_limit", "lock_limit")
"""The rules that count customers; the others count days."""

Lines = list[tuple[str, str]]
"""What each rule is called, and what it says."""


@dataclass(frozen=True)
class Set:
    """The rules of one scope: what it has otherwise, in words."""

    scope: Scope
    code: str
    title: str
    lines: Lines


def scopes(book: RuleBook) -> list[Set]:
    """Everything but the school that may have rules of its own: sales departments, those with rules, all sources."""
    departments = db.session.execute(select(Department.code, Department.title).where(or_(
        Department.function == DepartmentFunction.SALES, Department.code.in_(sorted(book.departments))))
        .order_by(Department.code))
    named_ = [*((Scope(department_code=code), title) for code, title in departments),
              *((Scope(source=source), str(source.label)) for source in Source)]
    return [Set(scope, code_of(scope), title, in_words(said_by(book, scope), scope)) for scope, title in named_]


def find(book: RuleBook, code: str) -> Scope | None:
    """The scope of a code, if it may have rules."""
    if code == code_of(SCHOOL):
        return SCHOOL
    return next((each.scope for each in scopes(book) if each.code == code), None)


def code_of(scope: Scope) -> str:
    """A scope as an address names it."""
    if scope.department_code is not None:
        return f"department-{scope.department_code}"
    return RuleLevel.SCHOOL.value if scope.source is None else f"source-{scope.source.value}"


def named(scope: Scope) -> str:
    """What people call a scope."""
    if scope.department_code is not None:
        return db.session.scalar(select(Department.title).where(Department.code == scope.department_code)) or (
            f"{LABELS['department']} {scope.department_code}")
    return str(RuleLevel.SCHOOL.label if scope.source is None else scope.source.label)


def in_words(said: Mapping[str, Any], scope: Scope) -> Lines:
    """What a scope decides itself."""
    return [(str(LABELS[name]), words(name, said[name])) for name in scope.names if name in said]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], scope: Scope) -> list[tuple[str, str, str]]:
    """What is different: each rule with what it said and what it would say."""
    return [(str(LABELS[name]), words(name, before.get(name), scope), words(name, after.get(name), scope))
            for name in scope.names if before.get(name) != after.get(name)]


def words(name: str, value: Any, scope: Scope = SCHOOL) -> str:
    """What one rule says."""
    if value is None:
        return str(_("as the department or the school") if scope.source is not None else _("as the school"))
    if value == 0 and name in OFF:
        return str(OFF[name])
    if name in _NUMBERS:
        return str(format_number(value))
    if isinstance(value, int):
        return str(ngettext("%(num)d day", "%(num)d days", value))
    return str(getattr(value, "label", value))


@dataclass(frozen=True)
class Ahead:
    """A calendar somebody's terms count by, and the days to come that are not as usual."""

    calendar: Calendar
    days: list[tuple[str, str, bool]]
    unknown: int | None


def calendars_in_use(book: RuleBook) -> list[Ahead]:
    """The calendars the school and its departments count by, every day left out.

    Each with the days of the next weeks: when, what, and whether it counts; and the year whose public holidays nobody
    has announced yet, if it begins in that time.
    """
    used = {book.school.calendar, *(book.of(code).calendar for code in book.departments)} - {Calendar.EVERY_DAY}
    until = current.today() + AHEAD
    return [Ahead(each, days_off.coming(CountedDays(each, book.own_days), until),
                  None if calendars.is_announced(each, until.year) else until.year)
            for each in Calendar if each in used]
