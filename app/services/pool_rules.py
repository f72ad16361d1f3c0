"""Changing the pool rules: what may be decided, and storing it for the school, a department or a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import DomainError, NotFoundError
from app.models import Department, PoolRule
from app.models.choices import RuleLevel, Source
from app.services import recomputation
from app.services.rule_book import NAMES, OF_SOURCES, Overrides, RuleBook
from app.services.rules import DEFAULTS, PoolRules
from app.services.school_settings import Bounds

BOUNDS = {
    "follow_up_days": Bounds(1, 365),
    "deal_days": Bounds(1, 730),
    "warn_days": Bounds(0, 30),
    "holding_limit": Bounds(0, 100_000),
    "daily_claim_limit": Bounds(0, 1000),
    "cool_down_days": Bounds(0, 365),
    "lock_limit": Bounds(0, 1000),
    "lock_days": Bounds(1, 90),
    "enrol_hold_days": Bounds(1, 90),
}
"""What may be decided, for every rule that is a number."""


@dataclass(frozen=True)
class Scope:
    """Whose rules: a department's, a source's, or the school's if neither is given."""

    department_code: int | None = None
    source: Source | None = None

    @property
    def level(self) -> RuleLevel:
        if self.department_code is not None:
            return RuleLevel.DEPARTMENT
        return RuleLevel.SCHOOL if self.source is None else RuleLevel.SOURCE

    @property
    def is_school(self) -> bool:
        return self.level is RuleLevel.SCHOOL

    @property
    def names(self) -> tuple[str, ...]:
        """The rules this scope may decide."""
        return OF_SOURCES if self.source is not None else NAMES


SCHOOL = Scope()


def check(scope: Scope, said: Overrides) -> None:
    """Whether these may be the rules of a scope; what is left out is as the wider scope has it.

    Raises:
        DomainError: one is out of bounds, not for this scope to decide, or missing for the school; with the field.
    """
    for name in said:
        if name not in scope.names:
            raise DomainError(_l("A source has terms of its own, and nothing else."), field=name)
    for name in scope.names:
        if name not in said:
            if scope.is_school:
                raise DomainError(_l("The school decides every rule."), field=name)
        elif name in BOUNDS and not BOUNDS[name].least <= said[name] <= BOUNDS[name].most:
            least, most = BOUNDS[name]
            raise DomainError(_l("Enter a whole number from %(least)s to %(most)s.", least=least, most=most),
                              field=name)


def proposed(book: RuleBook, scope: Scope, said: Overrides) -> RuleBook:
    """The book as it would be if a scope's rules were these."""
    if scope.department_code is not None:
        return replace(book, departments={**book.departments, scope.department_code: said})
    if scope.source is not None:
        return replace(book, sources={**book.sources, scope.source: said})
    return replace(book, school=replace(DEFAULTS, **said))


def said_by(book: RuleBook, scope: Scope) -> dict[str, Any]:
    """What a scope decides itself, as the book has it."""
    if scope.department_code is not None:
        return dict(book.departments.get(scope.department_code, {}))
    if scope.source is not None:
        return dict(book.sources.get(scope.source, {}))
    return {name: getattr(book.school, name) for name in NAMES}


def inherited_by(book: RuleBook, scope: Scope) -> PoolRules:
    """What holds for a scope where it decides nothing itself. For a source: the school's; departments may differ."""
    return DEFAULTS if scope.is_school else book.school


def find(session: Session, scope: Scope) -> PoolRule | None:
    """The stored set of a scope; None if it has none."""
    return session.scalar(select(PoolRule).where(
        PoolRule.department_code.is_not_distinct_from(scope.department_code),
        PoolRule.source.is_not_distinct_from(scope.source)))


def save(session: Session, scope: Scope, said: Overrides) -> None:
    """Store the rules of a scope; they bind whatever begins from now on, and a recomputation the rest.

    The caller locks first (`rule_book.lock_to_change`) and starts the recomputation (`recomputation.is_behind`).

    Raises:
        DomainError: they may not be decided so; with the field.
        NotFoundError: there is no such department.
    """
    check(scope, said)
    if scope.department_code is not None and session.scalar(
            select(Department.id).where(Department.code == scope.department_code)) is None:
        raise NotFoundError(_l("There is no such department."))
    row = find(session, scope)
    if not said:
        if row is not None:
            session.delete(row)
    else:
        if row is None:
            row = PoolRule(level=scope.level, department_code=scope.department_code, source=scope.source)
            session.add(row)
        for name in NAMES:
            setattr(row, name, said.get(name))
    recomputation.note_change(session)
    session.flush()
