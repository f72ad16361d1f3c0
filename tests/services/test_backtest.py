"""Other rules against the recorded past: which enrolments they would have cut off, and which moved."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.models import Distribution, FollowUp
from app.models.choices import Calendar, DistributionStatus, Origin, Source
from app.services import backtest, rule_book
from app.services.backtest import Backtest
from app.services.rule_book import RuleBook
from app.services.rules import PoolRules
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

ONE_DAY = dt.timedelta(days=1)


def book(**said: object) -> RuleBook:
    return RuleBook(school=replace(PoolRules(), **said))


@pytest.fixture
def ask(session, clock):
    """`ask(follow_up_days=2)`: how the last year's enrolments would have gone under these rules."""
    def run(**said: object) -> Backtest:
        [found] = backtest.backtest(session, [book(**said)], today=clock.today())
        return found

    return run


class TestAnEnrolment:
    @pytest.fixture
    def won(self, school, clock, make_customer, floor):
        """Received on 2 March, followed up on the 5th and the 8th, enrolled on the 10th."""
        customer = make_customer("龙泰", holder=school.sanjiang)
        for day in (5, 8):
            clock.set(f"2026-03-{day:02} 10:00")
            floor.follow_up(customer, school.sanjiang)
        clock.set("2026-03-10 10:00")
        floor.enrol(customer)
        return customer

    def test_would_have_gone_the_same_under_the_rules_it_was_won_by(self, won, ask):
        assert ask() == Backtest(won=1)

    def test_is_cut_off_by_a_shorter_follow_up_term(self, won, ask):
        assert ask(follow_up_days=2) == Backtest(won=1, no_follow_up=1)

    def test_is_cut_off_by_a_shorter_deal_term(self, won, ask):
        assert ask(deal_days=7) == Backtest(won=1, no_deal=1)
        assert ask(deal_days=8) == Backtest(won=1)  # falls on the 11th

    def test_is_cut_off_by_the_deal_term_if_both_end_on_the_same_day(self, won, ask):
        assert ask(follow_up_days=2, deal_days=2) == Backtest(won=1, no_deal=1)

    def test_is_saved_by_days_that_do_not_count(self, won, ask):
        assert ask(deal_days=7, calendar=Calendar.CHINA) == Backtest(won=1)

    def test_goes_by_the_rules_of_its_source_and_the_winners_department(self, session, clock, won):
        books = [replace(book(), sources={Source.QQ_GROUP: {"follow_up_days": 2}}),
                 replace(book(), departments={1001: {"follow_up_days": 2}}),
                 replace(book(), departments={1005: {"follow_up_days": 2}})]
        found = backtest.backtest(session, books, today=clock.today())
        assert [each.no_follow_up + each.no_deal for each in found] == [1, 1, 0]

    def test_is_forgotten_after_a_year(self, clock, won, ask):
        clock.set("2027-03-09 10:00")
        assert ask().won == 1
        clock.set("2027-03-10 10:00")
        assert ask().won == 0


class TestAClaim:
    @pytest.fixture
    def won(self, school, clock, make_customer, floor):
        """三江 lost him on the 6th, 暴雨 claimed him on the 7th and won him on the 8th."""
        customer = make_customer("龙泰", holder=school.sanjiang)
        clock.set("2026-03-07 10:00")
        floor.claim(customer, school.baoyu)
        clock.set("2026-03-08 10:00")
        floor.follow_up(customer, school.baoyu)
        floor.enrol(customer)
        return customer

    def test_would_have_been_just_as_possible_under_the_same_rules(self, won, ask):
        assert ask() == Backtest(won=1)

    def test_would_have_come_too_soon_had_the_former_consultant_had_longer(self, won, ask):
        assert ask(follow_up_days=4) == Backtest(won=1)  # he falls on the 7th
        assert ask(follow_up_days=5) == Backtest(won=1, moved=1)

    def test_counts_once_though_it_would_have_been_cut_off_too(self, won, ask):
        assert ask(follow_up_days=30, deal_days=5) == Backtest(won=1, moved=1)

    def test_is_not_moved_if_the_former_consultant_gave_him_back(self, school, clock, make_customer, floor, ask):
        customer = make_customer("周婷", holder=school.sanjiang)
        floor.release(customer)
        floor.claim(customer, school.baoyu)
        floor.enrol(customer)
        assert ask(follow_up_days=30, deal_days=90) == Backtest(won=1)


def naive(session, rules: PoolRules, today: dt.date) -> Backtest:
    """The same, day by day, one holding at a time."""
    def falls_on(row: Distribution) -> tuple[dt.date, str]:
        days = {each.saved_on for each in session.scalars(select(FollowUp).where(
            FollowUp.customer_id == row.customer_id))}
        last = day = row.started_on
        while True:
            day += ONE_DAY
            if (day - row.started_on).days > rules.deal_days:
                return day, "no_deal"
            if (day - last).days > rules.follow_up_days:
                return day, "no_follow_up"
            if day in days and row.ended_on is not None and day < row.ended_on:
                last = day

    found = dict.fromkeys(("won", "no_follow_up", "no_deal", "moved"), 0)
    for row in session.scalars(select(Distribution).where(Distribution.status == DistributionStatus.ENROLLED)):
        if not today - dt.timedelta(days=365) < row.ended_on <= today:
            continue
        found["won"] += 1
        before = session.scalar(select(Distribution).where(
            Distribution.customer_id == row.customer_id, Distribution.id < row.id)
            .order_by(Distribution.id.desc()).limit(1))
        was_lost = before is not None and before.status in (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)
        if row.origin is Origin.CLAIM and was_lost and falls_on(before)[0] > row.started_on:
            found["moved"] += 1
            continue
        day, why = falls_on(row)
        if day <= row.ended_on:
            found[why] += 1
    return Backtest(**found)


def test_agrees_with_the_naive_count_on_a_season_by_chance(session, school, clock, make_customer, floor):
    chance, customers = random.Random(11), []
    for number in range(24):
        clock.set(f"2026-03-{1 + number % 20:02} 09:00")
        customers.append(make_customer(holder=chance.choice(school.consultants)))
    for day in range(21, 55):
        clock.set(dt.date(2026, 3, 1) + dt.timedelta(days=day))
        floor.night()
        for customer in customers:
            session.refresh(customer)
            if customer.is_enrolled:
                continue
            if customer.is_public(clock.today()):
                if chance.random() < .3:
                    floor.claim(customer, chance.choice(school.consultants))
            elif chance.random() < .35:
                floor.follow_up(customer, customer.consultant)
            elif chance.random() < .08:
                floor.enrol(customer)
    for rules in (PoolRules(), PoolRules(5, 20), PoolRules(2, 15), PoolRules(3, 8), PoolRules(9, 9), PoolRules(1, 30)):
        [found] = backtest.backtest(session, [RuleBook(school=rules)], today=clock.today(), batch=7)
        assert found == naive(session, rules, clock.today()), rules
    assert found.won > 5


def test_a_batch_costs_the_same_whatever_its_size(session, school, clock, make_customer, floor, count_queries):
    for number in range(1, 4):
        floor.enrol(make_customer(f"客户{number}", holder=school.sanjiang))
    present = rule_book.load(session)
    with count_queries() as queries:
        backtest.backtest(session, [present, book(follow_up_days=1)], today=clock.today())
    assert queries.count <= 4
