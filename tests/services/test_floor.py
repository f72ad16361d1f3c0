"""The floor: per consultant who is full, away, behind, and what fell last night and why."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models import Leave
from app.models.choices import DistributionStatus, LeaveState
from app.services import floor as floors
from app.services import pool_rules, rule_book
from app.services.pool_rules import Scope

ONE_DAY = dt.timedelta(days=1)
_, _, NO_FOLLOW_UP, NO_DEAL, RELEASED, *_ = DistributionStatus


@pytest.fixture
def desk_of(session, clock):
    """Somebody's desk, as the floor shows it."""
    def find(person):
        desks = floors.desks(session, today=clock.today(), book=rule_book.load(session))
        return next(desk for desk in desks if desk.consultant is person)

    return find


def test_a_desk_counts_whom_to_look_after(desk_of, make_customer, make_follow_up, floor, school, clock):
    today = clock.today()
    late = make_customer(holder=school.sanjiang, on=today - 2 * ONE_DAY)
    make_follow_up(late, on=today - 2 * ONE_DAY, next_contact_on=today - ONE_DAY)
    due = make_customer(holder=school.sanjiang, on=today - 3 * ONE_DAY)
    make_follow_up(due, on=today - 3 * ONE_DAY, next_contact_on=today)
    make_customer(holder=school.sanjiang)
    numbers = desk_of(school.sanjiang).numbers
    assert (numbers.held, numbers.falling, numbers.overdue, numbers.untouched) == (3, 1, 1, 1)


def test_what_another_hand_did_leaves_a_customer_untouched(desk_of, make_customer, make_follow_up, floor, school):
    customer = make_customer(holder=school.baoyu)
    make_follow_up(customer)
    floor.assign(customer, to=school.sanjiang)
    floor.follow_up(customer, by=school.manager, for_any_consultant=True)
    assert desk_of(school.sanjiang).numbers.untouched == 1
    make_follow_up(customer)
    assert desk_of(school.sanjiang).numbers.untouched == 0


def test_a_desk_says_how_full_it_is_by_the_limit_of_its_department(session, desk_of, make_customer, school):
    for who in (school.sanjiang, school.baoyu):
        for _ in range(10):
            make_customer(holder=who)
    desk = desk_of(school.sanjiang)
    assert (desk.limit, desk.is_full, desk.is_over, desk.is_nearly_full) == (0, False, False, False)
    for limit, state in ((9, "is_over"), (10, "is_full"), (11, "is_nearly_full"), (20, None)):
        pool_rules.save(session, Scope(department_code=1001), {"holding_limit": limit})
        desk = desk_of(school.sanjiang)
        found = [name for name in ("is_over", "is_full", "is_nearly_full") if getattr(desk, name)]
        assert found == [state] * bool(state)
        assert desk_of(school.baoyu).limit == 0


def test_a_desk_says_until_when_its_consultant_is_away(session, desk_of, school, clock):
    today, approved = clock.today(), LeaveState.APPROVED
    session.add_all([
        Leave(employee=school.sanjiang, first_on=today - ONE_DAY, last_on=today + 3 * ONE_DAY, state=approved),
        Leave(employee=school.baoyu, first_on=today, last_on=today, state=LeaveState.REQUESTED),
        Leave(employee=school.dasha, first_on=today + ONE_DAY, last_on=today + ONE_DAY, state=approved)])
    session.commit()
    assert [desk_of(each).away_until for each in school.consultants] == [today + 3 * ONE_DAY, None, None]


class TestLastNight:
    @pytest.fixture
    def told(self, session, clock):
        """Who lost how many for which reason, and the names that are shown."""
        return lambda **how: [(each.consultant.name, each.reasons, [row.customer.name for row in each.shown])
                              for each in floors.fell(session, today=clock.today(), **how)]

    @pytest.fixture
    def lost(self, make_customer, make_follow_up, floor, school, clock):
        """三江 lost three for want of a follow-up, 暴雨 one for want of a deal and one whom she released yesterday."""
        today = clock.today()
        for name in ("甲", "乙", "丙"):
            make_customer(name, holder=school.sanjiang, on=today - 4 * ONE_DAY)
        deal = make_customer("丁", holder=school.baoyu, on=today - 16 * ONE_DAY)
        for day in (13, 10, 7, 4, 2):
            make_follow_up(deal, on=today - day * ONE_DAY)
        make_customer("早就落了", holder=school.dasha, on=today - 5 * ONE_DAY)
        clock.advance(days=-1)
        floor.release(make_customer("戊", holder=school.baoyu))
        clock.advance(days=1)

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_is_told_per_consultant_with_the_reasons(self, lost, told, floor, night_ran):
        if night_ran:
            floor.night()
        assert told() == [("三江", {NO_FOLLOW_UP: 3}, ["甲", "乙", "丙"]),
                          ("暴雨", {NO_DEAL: 1, RELEASED: 1}, ["丁", "戊"])]

    def test_shows_the_first_few_and_counts_the_others(self, lost, told):
        assert told(each=1) == [("三江", {NO_FOLLOW_UP: 3}, ["甲"]), ("暴雨", {NO_DEAL: 1, RELEASED: 1}, ["丁"])]

    def test_of_a_department_is_its_own(self, lost, told):
        assert [name for name, *_rest in told(department=1005)] == ["暴雨"]

    def test_is_a_few_queries_whatever_fell(self, lost, session, clock, count_queries):
        today = clock.today()
        session.expire_all()
        with count_queries() as queries:
            for each in floors.fell(session, today=today):
                str([(row.customer.consultant.department, row.consultant.name) for row in each.shown])
        assert queries.count <= 4  # the department of a customer's consultant is one of a few


def test_the_nights_ahead_say_how_many_each_takes(session, make_customer, floor, school, clock):
    today = clock.today()
    for ago in (3, 3, 1, 0):
        make_customer(holder=school.sanjiang, on=today - ago * ONE_DAY)
    make_customer(holder=school.baoyu, on=today - 3 * ONE_DAY)
    numbers = floors.nights(session, today=today)
    assert list(numbers.values()) == [3, 0, 1, 1]
    assert next(iter(numbers)) == today + ONE_DAY
    assert list(floors.nights(session, today=today, department=1005).values()) == [1, 0, 0, 0]
    assert [each.public_on for each in floors.falling_next(session, today=today, size=4)] == [
        *[today + ONE_DAY] * 3, today + 3 * ONE_DAY]
