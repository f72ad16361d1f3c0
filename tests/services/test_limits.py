"""How many customers a consultant may have, claim and keep, and from when on he may again."""

from __future__ import annotations

import datetime as dt

import pytest

from app.errors import ConflictError
from app.services import limits, pool
from app.services.claims import Refusal
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


@pytest.fixture
def on(clock):
    """`on(6)` makes it the 6th of March, at nine."""
    return lambda day: clock.set(f"2026-03-{day:02} 09:00")


class TestTheHoldingLimit:
    @pytest.fixture
    def full(self, floor, make_customer, school, on):
        """三江 may hold two and does: one falls on the 6th, the other on the 7th."""
        floor.rules(holding_limit=2)
        first = make_customer("甲", holder=school.sanjiang)
        on(3)
        return [first, make_customer("乙", holder=school.sanjiang)]

    def test_refuses_a_claim_until_one_falls(self, full, floor, make_customer, school, on):
        lead = make_customer("丙")
        claim = floor.claim(lead, by=school.sanjiang)
        assert (claim.refusal, claim.possible_on) == (Refusal.HOLDING_LIMIT, march(6))
        on(6)
        assert floor.claim(lead, by=school.sanjiang).won

    @pytest.mark.parametrize("room", ["release", "enrol"])
    def test_gives_way_when_one_is_released_or_enrols(self, full, floor, make_customer, school, room):
        floor.release(full[0]) if room == "release" else floor.enrol(full[0])
        assert floor.claim(make_customer("丙"), by=school.sanjiang).won

    def test_refuses_an_assignment_and_says_from_when_on(self, full, floor, make_customer, school):
        lead = make_customer("丙")
        with pytest.raises(ConflictError, match="Mar 6, 2026"):
            floor.assign(lead, to=school.sanjiang)
        assert floor.rows(lead) == []

    def test_of_another_is_not_his(self, full, floor, make_customer, school):
        assert floor.claim(make_customer("丙"), by=school.baoyu).won

    def test_lowered_takes_nobody_away_but_lets_none_come(self, full, floor, make_customer, school, on):
        floor.rules(holding_limit=1)
        claim = floor.claim(make_customer("丙"), by=school.sanjiang)
        assert (claim.refusal, claim.possible_on) == (Refusal.HOLDING_LIMIT, march(7)), "two must fall, not one"
        assert all(each.is_held(march(3)) for each in full)

    def test_an_enrolment_undone_finds_the_pool_if_his_consultant_is_full(self, full, floor, make_customer, school):
        floor.enrol(full[0])
        make_customer("丙", holder=school.sanjiang)
        floor.undo(full[0])
        assert full[0].is_public(march(3))

    def test_full_tells_who_is(self, full, session, school):
        assert limits.full(session, [school.sanjiang.id, school.baoyu.id], march(3)) == {school.sanjiang.id}


class TestTheDailyLimit:
    def test_is_not_given_back_by_a_release(self, floor, make_customer, school, on):
        floor.rules(daily_claim_limit=1)
        first, second = make_customer("甲"), make_customer("乙")
        assert floor.claim(first, by=school.sanjiang).won
        floor.release(first)
        claim = floor.claim(second, by=school.sanjiang)
        assert (claim.refusal, claim.possible_on) == (Refusal.DAILY_LIMIT, march(3))
        on(3)
        assert floor.claim(second, by=school.sanjiang).won

    def test_counts_claims_alone(self, floor, make_customer, school):
        floor.rules(daily_claim_limit=1)
        make_customer("甲", holder=school.sanjiang)
        assert floor.claim(make_customer("乙"), by=school.sanjiang).won


class TestTheCoolDown:
    @pytest.fixture
    def fallen(self, make_customer, school, on):
        """三江's, who fell on the 6th."""
        customer = make_customer("甲", holder=school.sanjiang)
        on(6)
        return customer

    def test_without_one_somebody_else_must_have_had_him(self, fallen, floor, school, on):
        on(30)
        claim = floor.claim(fallen, by=school.sanjiang)
        assert (claim.refusal, claim.possible_on) == (Refusal.FORMER_CONSULTANT, None)

    def test_with_one_he_sees_and_claims_him_again_after_it(self, fallen, floor, school, session, on):
        floor.rules(cool_down_days=5)
        claim = floor.claim(fallen, by=school.sanjiang)
        assert (claim.refusal, claim.possible_on) == (Refusal.COOL_DOWN, march(11))
        for today, seen in ((10, False), (11, True)):
            on(today)
            assert pool.count(session, school.sanjiang.id, today=march(today), cool_down_days=5) == int(seen)
            assert pool.is_open_to(fallen, school.sanjiang.id, march(today), cool_down_days=5) is seen
            session.rollback()
        assert floor.claim(fallen, by=school.sanjiang).won

    def test_binds_nobody_else(self, fallen, floor, school):
        floor.rules(cool_down_days=5)
        assert floor.claim(fallen, by=school.baoyu).won


class TestLocks:
    def test_are_allowed_to_nobody_unless_the_school_says_so(self, floor, make_customer, school):
        floor.rules(lock_limit=0, deal_days=16)
        with pytest.raises(ConflictError):
            floor.lock(make_customer(holder=school.sanjiang), march(4))

    def test_last_no_longer_than_the_rules_say(self, floor, make_customer, school):
        floor.rules(lock_limit=1, lock_days=7)
        customer = make_customer(holder=school.sanjiang)
        with pytest.raises(ConflictError):
            floor.lock(customer, march(10))
        floor.lock(customer, march(9))
        assert customer.public_on == march(10)

    def test_are_no_more_than_the_rules_say(self, floor, make_customer, school, on):
        floor.rules(lock_limit=1)
        first, second = make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.sanjiang)
        floor.lock(first, march(4))
        with pytest.raises(ConflictError, match="Mar 5, 2026"):
            floor.lock(second, march(4))
        floor.lock(first, march(5))  # his own again counts once
        floor.unlock(first)
        floor.lock(second, march(4))
        assert second.locked_until == march(4)
