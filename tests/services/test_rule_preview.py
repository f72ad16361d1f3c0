"""The preview of other rules: what a recomputation under them would do, counted beforehand."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest

from app.models import Customer, Leave
from app.models.choices import Calendar, LeaveState, Source
from app.services import pool_rules, recomputation, rule_book, rule_preview
from app.services.pool_rules import SCHOOL, Scope
from app.services.rule_preview import Counts
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def floor_of_many(session, school, clock, make_customer, make_follow_up, floor):
    """Customers received, followed up and locked on all kinds of days, of several sources and consultants."""
    chance, today = random.Random(5), clock.today()
    for number in range(24):
        received = today - dt.timedelta(days=chance.randrange(0, 20))
        customer = make_customer(holder=chance.choice(school.consultants), on=received,
                                 source=chance.choice(list(Source)[:3]))
        for _follow_up in range(4):
            day = customer.last_consult_date + dt.timedelta(days=chance.randrange(1, 4))
            if day <= today and customer.is_held(day):
                make_follow_up(customer, on=day)
        if number % 5 == 0 and customer.is_held(today):
            floor.lock(customer, today + dt.timedelta(days=chance.randrange(0, 9)))
    session.add(Leave(employee=school.baoyu, first_on=today - dt.timedelta(days=2), last_on=today,
                      state=LeaveState.APPROVED))
    session.commit()
    recomputation.recompute(session, today=clock.today, on_batch=lambda *_batch: session.commit())


def other_books(session, school):
    book = rule_book.load(session)
    return {
        "longer": pool_rules.proposed(book, SCHOOL, pool_rules.said_by(book, SCHOOL)
                                      | {"follow_up_days": 5, "deal_days": 20}),
        "shorter": pool_rules.proposed(book, SCHOOL, pool_rules.said_by(book, SCHOOL) | {"follow_up_days": 1}),
        "a source": pool_rules.proposed(book, Scope(source=Source.QQ_GROUP), {"follow_up_days": 9, "deal_days": 40}),
        "a department": pool_rules.proposed(book, Scope(department_code=1001),
                                             {"calendar": Calendar.CHINA, "follow_up_days": 8}),
        "nothing new": book}


class TestThePreview:
    @pytest.mark.parametrize("change", ["longer", "shorter", "a source", "a department", "nothing new"])
    def test_counts_what_a_recomputation_would_do(self, session, school, clock, floor_of_many, change):
        tomorrow = clock.today() + dt.timedelta(days=1)
        before = {each.id: each.public_on for each in session.query(Customer)}
        book = other_books(session, school)[change]
        found = {each.name: each.counts for each in rule_preview.preview(
            session, book, today=clock.today()).effects}
        self.decide(session, clock, book)
        naive: dict[str, Counts] = {}
        for each in session.query(Customer):
            if not before[each.id] > clock.today():
                continue
            then = each.public_on
            naive[each.consultant.name] = naive.get(each.consultant.name, Counts()) + Counts(
                1, before[each.id] == tomorrow, then == tomorrow, then < before[each.id], then > before[each.id])
        assert found == naive
        assert bool(sum(each.earlier + each.later for each in naive.values())) is (change != "nothing new")

    @staticmethod
    def decide(session, clock, book):
        for scope in (SCHOOL, Scope(source=Source.QQ_GROUP), Scope(department_code=1001)):
            pool_rules.save(session, scope, pool_rules.said_by(book, scope))
        session.commit()
        recomputation.recompute(session, today=clock.today, on_batch=lambda *_batch: session.commit())
        session.expire_all()

    def test_changes_nothing(self, session, school, clock, floor_of_many):
        book = replace(rule_book.load(session).school, follow_up_days=1)
        before = {each.id: each.public_on for each in session.query(Customer)}
        rule_preview.preview(session, replace(rule_book.load(session), school=book), today=clock.today())
        session.commit()
        session.expire_all()
        assert {each.id: each.public_on for each in session.query(Customer)} == before

    def test_names_those_first_for_whom_most_changes(self, session, school, clock, make_customer):
        for holder, number in ((school.sanjiang, 1), (school.baoyu, 3)):
            for _customer in range(number):
                make_customer(holder=holder, on=clock.today() - dt.timedelta(days=2))
        book = rule_book.load(session)
        shorter = replace(book, school=replace(book.school, follow_up_days=1))
        found = rule_preview.preview(session, shorter, today=clock.today())
        assert [each.name for each in found.effects] == ["暴雨", "三江"]
        assert found.total == Counts(held=4, tonight=0, tonight_then=4, earlier=4, later=0)

    def test_costs_the_same_whatever_the_number(self, session, school, clock, floor_of_many, count_queries):
        with count_queries() as queries:
            rule_preview.preview(session, rule_book.load(session), today=clock.today())
        assert queries.count <= 5
