"""The pool rules as they are stored: the school's, and what departments and sources have otherwise."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.exc import IntegrityError

from app.errors import DomainError, NotFoundError
from app.models import CalendarDay, PoolRule
from app.models.choices import Calendar, RuleLevel, Source
from app.services import pool_rules, recomputation, rule_book
from app.services.calendars import DayOff
from app.services.pool_rules import SCHOOL, Scope
from app.services.rule_book import NAMES
from app.services.rules import DEFAULTS
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def decide(session):
    """`decide(Scope(source=Source.SEO), deal_days=30)` stores the rules of a scope."""
    def save(scope: Scope, **said) -> None:
        whole = {name: getattr(DEFAULTS, name) for name in NAMES} if scope.is_school else {}
        pool_rules.save(session, scope, whole | said)
        session.commit()

    return save


class TestWhoIsBound:
    def test_everybody_by_the_defaults_until_somebody_decides(self, session):
        assert rule_book.load(session).of(1001) == DEFAULTS
        assert (DEFAULTS.follow_up_days, DEFAULTS.deal_days, DEFAULTS.warn_days) == (3, 15, 1)

    def test_a_source_comes_before_a_department_and_that_before_the_school(self, session, school, decide):
        decide(SCHOOL, follow_up_days=5, deal_days=20, warn_days=2)
        decide(Scope(department_code=1001), follow_up_days=7, deal_days=25)
        decide(Scope(source=Source.SEO), deal_days=30)
        book = rule_book.load(session)
        found = {(code, source): (book.of(code, source).follow_up_days, book.of(code, source).deal_days,
                                  book.of(code, source).warn_days)
                 for code in (1001, 1005) for source in (Source.SEO, Source.BAIDU)}
        assert found == {(1001, Source.SEO): (7, 30, 2), (1001, Source.BAIDU): (7, 25, 2),
                         (1005, Source.SEO): (5, 30, 2), (1005, Source.BAIDU): (5, 20, 2)}

    def test_a_department_that_says_nothing_any_more_is_as_the_school(self, session, school, decide):
        decide(Scope(department_code=1001), follow_up_days=7)
        decide(Scope(department_code=1001))
        assert rule_book.load(session).of(1001) == DEFAULTS
        assert session.query(PoolRule).count() == 0

    def test_the_clock_of_a_customer_knows_calendar_and_own_days(self, session, school, decide, make_customer):
        decide(Scope(department_code=school.sanjiang.department_code), calendar=Calendar.CHINA)
        session.add(CalendarDay(day=dt.date(2026, 3, 9), name="校庆"))
        session.commit()
        clock = rule_book.clock_of(session, make_customer(), school.sanjiang)
        assert clock.days.why_not(dt.date(2026, 3, 9)) is DayOff.CLOSED
        assert clock.days.why_not(dt.date(2026, 3, 8)) is DayOff.WEEKEND


class TestWhatMayBeDecided:
    @pytest.mark.parametrize(("name", "value"), [
        ("follow_up_days", 0), ("follow_up_days", 366), ("deal_days", -1), ("warn_days", 31), ("holding_limit", -1),
        ("lock_days", 0), ("lock_days", 91), ("enrol_hold_days", 0)])
    def test_is_within_bounds(self, decide, name, value):
        with pytest.raises(DomainError) as refused:
            decide(SCHOOL, **{name: value})
        assert refused.value.field == name

    def test_of_a_source_are_its_terms_alone(self, decide):
        with pytest.raises(DomainError) as refused:
            decide(Scope(source=Source.SEO), holding_limit=5)
        assert refused.value.field == "holding_limit"

    def test_of_a_department_must_be_of_one_there_is(self, decide):
        with pytest.raises(NotFoundError):
            decide(Scope(department_code=4711), deal_days=5)

    def test_the_school_leaves_nothing_open(self, session):
        with pytest.raises(DomainError):
            pool_rules.save(session, SCHOOL, {"follow_up_days": 3})

    def test_the_database_keeps_one_set_for_the_school(self, session, decide):
        decide(SCHOOL)
        session.add(PoolRule(level=RuleLevel.SCHOOL, follow_up_days=1))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_a_change_owes_a_recomputation(session, decide):
    recomputation.note_done(session, recomputation.wanted_state(session))
    session.commit()
    assert not recomputation.is_owed(session)
    decide(SCHOOL, deal_days=20)
    assert recomputation.is_owed(session)


def test_nothing_is_owed_where_nobody_has_changed_anything(session):
    assert not recomputation.is_owed(session)


def test_a_new_edition_of_the_public_calendars_owes_one(session, decide, monkeypatch):
    decide(SCHOOL, calendar=Calendar.CHINA)
    recomputation.note_done(session, recomputation.wanted_state(session))
    monkeypatch.setattr(recomputation, "EDITION", "0.999")
    assert recomputation.is_owed(session)
