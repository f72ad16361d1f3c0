"""What a consultant promised, what he may, and who gave him whom."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models import SalesRank
from app.models.choices import AssignmentStrategy, Calendar
from app.services import allowance, assignment, audit, customers, desk, promises, rule_book
from app.services.allowance import Allowance, Used
from app.services.calendars import CountedDays
from app.services.promises import Kept

ONE_DAY = dt.timedelta(days=1)


class TestAPromise:
    """三江 says on Monday that he will call on Wednesday."""

    @pytest.fixture
    def promised(self, make_customer, make_follow_up, school, clock):
        customer = make_customer("龙泰", holder=school.sanjiang)
        make_follow_up(customer, next_contact_on=clock.today() + 2 * ONE_DAY)
        return customer

    @pytest.fixture
    def kept(self, session, school, clock):
        return lambda: promises.kept(session, school.sanjiang.id, today=clock.today())

    def test_is_nothing_to_judge_before_its_day_is_over(self, promised, kept, clock):
        clock.advance(days=2)
        assert kept() == Kept()

    def test_is_kept_by_a_follow_up_up_to_its_day(self, promised, make_follow_up, kept, clock):
        clock.advance(days=1)
        make_follow_up(promised)
        clock.advance(days=2)
        assert kept() == Kept(in_time=1)

    def test_is_kept_late_by_one_after_it(self, promised, make_follow_up, kept, clock):
        clock.advance(days=3)
        make_follow_up(promised)
        assert kept() == Kept(late=1)

    def test_is_missed_where_there_is_none(self, promised, kept, clock):
        clock.advance(days=3)
        assert kept() == Kept(missed=1)

    @pytest.mark.parametrize("what", ["release", "enrol", "assign"])
    def test_does_not_count_where_the_customer_was_no_longer_his(self, promised, kept, floor, school, clock, what):
        clock.advance(days=1)
        {"release": lambda: floor.release(promised), "enrol": lambda: floor.enrol(promised),
         "assign": lambda: floor.assign(promised, to=school.baoyu)}[what]()
        clock.advance(days=2)
        assert kept() == Kept()

    def test_does_not_count_where_he_fell_before_though_no_night_has_run(self, make_customer, make_follow_up, kept,
                                                                         school, clock):
        make_follow_up(make_customer(holder=school.sanjiang), next_contact_on=clock.today() + 5 * ONE_DAY)
        clock.advance(days=6)
        assert kept() == Kept()

    def test_is_forgotten_after_a_week(self, promised, kept, clock, floor):
        floor.lock(promised, clock.today() + 30 * ONE_DAY)
        clock.advance(days=9)
        assert kept() == Kept(missed=1)
        clock.advance(days=1)
        assert kept() == Kept()

    def test_many_are_one_query(self, make_customer, make_follow_up, session, school, clock, count_queries):
        for _ in range(5):
            make_follow_up(make_customer(holder=school.sanjiang), next_contact_on=clock.today() + ONE_DAY)
        clock.advance(days=2)
        consultant, today = school.sanjiang.id, clock.today()
        with count_queries() as queries:
            assert promises.kept(session, consultant, today=today) == Kept(missed=5)
        assert queries.count == 1


def test_the_locks_that_end_first_are_named(session, make_customer, floor, school, clock):
    days = (9, 4, 6, 12)
    for number in days:
        floor.lock(make_customer(f"锁{'甲乙丙丁'[days.index(number)]}", holder=school.sanjiang),
                   clock.today() + number * ONE_DAY)
    found = promises.locks(session, school.sanjiang.id, today=clock.today())
    assert [customer.name for customer in found] == ["锁乙", "锁丙", "锁甲"]


class TestAnAllowance:
    @pytest.fixture
    def may(self, session, school, clock):
        """What 三江 may by the rules as they are."""
        def read() -> Allowance:
            rules = rule_book.rules_of(session, school.sanjiang)
            return allowance.of(session, school.sanjiang.id, rules, today=clock.today())

        return read

    def test_says_nothing_of_what_is_not_limited(self, may):
        assert may() == Allowance()

    def test_says_how_much_is_used_and_when_there_is_room_again(self, may, floor, make_customer, school, clock):
        floor.rules(holding_limit=2, daily_claim_limit=1, lock_limit=2)
        mine = make_customer(holder=school.sanjiang)
        assert may() == Allowance(Used(1, 2), Used(0, 1), Used(0, 2))
        floor.claim(make_customer(), by=school.sanjiang)
        floor.lock(mine, clock.today() + 6 * ONE_DAY)
        today = clock.today()
        assert may() == Allowance(Used(2, 2, today + 4 * ONE_DAY), Used(1, 1, today + ONE_DAY), Used(1, 2))


class TestWhoGaveHim:
    def test_is_whoever_assigned_him_and_the_ledger_says_why(self, session, make_customer, school, clock):
        by_hand, by_turns, claimed = (make_customer(name) for name in ("手", "轮", "抢"))
        today, now = clock.today(), clock.now()
        session.add(SalesRank(consultant=school.dasha, num=1, weight=1))
        audit.act_as(session, audit.Actor("web", clock.now, school.manager.id))
        customers.assign(session, by_hand.id, school.sanjiang.id, today=today, now=now)
        entry = assignment.assign(session, by_turns.id, AssignmentStrategy.FEWEST_OPEN, today=today, now=now)
        session.commit()
        audit.act_as(session, audit.Actor("web", clock.now, school.sanjiang.id))
        customers.assign(session, claimed.id, school.sanjiang.id, today=today, now=now)
        session.commit()
        holdings = [row for who in school.consultants
                    for row in desk.new_to(session, who.id, today=today)]
        given = {row.customer.name: found for row in holdings
                 for found in [desk.given(session, holdings)[row.id]]}
        assert (given["手"].by, given["手"].entry) == ("主管", None)
        assert (given["轮"].by, given["轮"].entry) == ("主管", entry)
        assert (given["抢"].by, given["抢"].entry) == (None, None)


def test_the_last_working_day_leaves_out_days_that_do_not_count():
    monday = dt.date(2026, 3, 9)
    assert CountedDays().before(monday) == dt.date(2026, 3, 8)
    assert CountedDays(Calendar.CHINA).before(monday) == dt.date(2026, 3, 6)
    away = ((dt.date(2026, 3, 4), dt.date(2026, 3, 6)),)
    assert CountedDays(Calendar.CHINA, leaves=away).before(monday) == dt.date(2026, 3, 3)
    always_away = CountedDays(leaves=((dt.date(2020, 1, 1), monday),))
    assert always_away.before(monday) == monday - dt.timedelta(days=366)
