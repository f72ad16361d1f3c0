"""Claim: who may take whom out of the pool, and what the others are told."""

from __future__ import annotations

import datetime as dt

import pytest

from app.errors import ConflictError, NotFoundError
from app.services import claims
from app.services.claims import Claim, Refusal
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


class TestAClaimIsWon:
    def test_by_anyone_of_sales_but_the_former_consultant(self, make_customer, floor, school, clock):
        customer = make_customer(holder=school.sanjiang)
        clock.advance(days=4)
        result = floor.claim(customer, by=school.baoyu)
        assert result == Claim(customer.id)
        assert result.won
        assert customer.consultant is school.baoyu

    @pytest.mark.parametrize("who", ["sanjiang", "baoyu", "dasha"])
    def test_by_anyone_of_sales_if_nobody_has_held_the_customer(self, make_customer, floor, school, who):
        lead = make_customer()
        assert floor.claim(lead, by=getattr(school, who)).won

    def test_by_the_one_before_the_former_consultant(self, make_customer, floor, school, clock):
        customer = make_customer(holder=school.sanjiang)
        clock.advance(days=4)
        floor.claim(customer, by=school.baoyu)
        clock.advance(days=4)
        assert floor.claim(customer, by=school.sanjiang).won
        assert floor.statuses(customer) == {"三江": 1, "暴雨": 3}

    def test_and_then_lost_to_the_next(self, make_customer, floor, school):
        lead = make_customer()
        assert floor.claim(lead, by=school.baoyu).won
        lost = floor.claim(lead, by=school.dasha)
        assert (lost.won, lost.refusal, lost.holder) == (False, Refusal.TAKEN, school.baoyu)


class TestAClaimIsRefused:
    @pytest.fixture
    def customer(self, make_customer, school):
        return make_customer(holder=school.sanjiang)

    def test_as_taken_if_someone_else_holds_the_customer(self, customer, floor, school):
        assert floor.claim(customer, by=school.baoyu).refusal is Refusal.TAKEN

    def test_as_taken_on_the_last_day_before_the_fall(self, customer, floor, school, clock):
        clock.set("2026-03-05 23:59:59")
        assert floor.claim(customer, by=school.baoyu).refusal is Refusal.TAKEN
        clock.set("2026-03-06 00:00:00")
        assert floor.claim(customer, by=school.baoyu).won

    def test_as_taken_if_someone_else_has_him_locked(self, customer, floor, school, clock):
        floor.lock(customer, dt.date(2026, 3, 20))
        clock.set("2026-03-20 12:00")
        assert floor.claim(customer, by=school.baoyu).refusal is Refusal.TAKEN

    def test_as_not_public_if_he_is_mine(self, customer, floor, school):
        assert floor.claim(customer, by=school.sanjiang).refusal is Refusal.NOT_PUBLIC

    @pytest.mark.parametrize("who", ["sanjiang", "baoyu"])
    def test_as_not_public_if_he_has_enrolled(self, customer, floor, school, who):
        floor.enrol(customer)
        assert floor.claim(customer, by=getattr(school, who)).refusal is Refusal.NOT_PUBLIC

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_as_former_consultant_if_he_was_mine_last(self, customer, floor, school, clock, night_ran):
        clock.set("2026-03-06 00:01")
        if night_ran:
            floor.night()
        assert floor.claim(customer, by=school.sanjiang).refusal is Refusal.FORMER_CONSULTANT

    def test_as_former_consultant_if_i_released_him(self, customer, floor, school):
        floor.release(customer, by=school.sanjiang)
        assert floor.claim(customer, by=school.sanjiang).refusal is Refusal.FORMER_CONSULTANT

    def test_as_former_consultant_a_year_later_still(self, customer, floor, school, clock):
        clock.advance(days=365)
        assert floor.claim(customer, by=school.sanjiang).refusal is Refusal.FORMER_CONSULTANT

    @pytest.mark.parametrize("number", [0, -1, 10**9, 2**31 - 1])
    def test_as_not_found_if_there_is_no_such_customer(self, floor, school, number):
        assert floor.claim(number, by=school.baoyu) == Claim(number, Refusal.NOT_FOUND)

    def test_without_a_trace(self, customer, floor, school):
        before = floor.rows(customer), customer.public_on, customer.consultant
        floor.claim(customer, by=school.baoyu)
        assert (floor.rows(customer), customer.public_on, customer.consultant) == before

    def test_and_only_those_who_hold_are_named(self, customer, floor, school, clock):
        assert floor.claim(customer, by=school.baoyu).holder is school.sanjiang
        floor.release(customer)
        assert floor.claim(customer, by=school.sanjiang).holder is None

    @pytest.mark.parametrize("who", ["admin", "manager", "tutor", "teacher", "finance", "auditor"])
    def test_of_anyone_outside_sales(self, customer, floor, school, clock, who):
        clock.advance(days=4)
        with pytest.raises(ConflictError):
            floor.claim(customer, by=getattr(school, who))
        assert len(floor.rows(customer)) == 1

    def test_of_a_consultant_who_was_deactivated(self, session, customer, floor, school, clock):
        clock.advance(days=4)
        school.baoyu.active = False
        session.commit()
        with pytest.raises(ConflictError):
            floor.claim(customer, by=school.baoyu)

    def test_of_nobody(self, session, customer, clock):
        with pytest.raises(NotFoundError):
            claims.claim(session, customer.id, 10**9, today=clock.today(), now=clock.now())


class TestAClaimBetweenReadAndWrite:
    """The customer changes between what the claim has read and its conditional UPDATE."""

    @pytest.fixture
    def customer(self, make_customer, school, clock):
        made = make_customer(holder=school.sanjiang)
        clock.advance(days=4)
        return made

    def test_reads_again_when_he_fell_anew(self, customer, floor, school, monkeypatch):
        seen = []
        take = claims._take

        def beaten_at_first(*args):
            seen.append(args)
            return len(seen) > 1 and take(*args)

        monkeypatch.setattr(claims, "_take", beaten_at_first)
        assert floor.claim(customer, by=school.baoyu).won
        assert len(seen) == 2

    def test_gives_up_at_last(self, customer, floor, school, monkeypatch):
        monkeypatch.setattr(claims, "_take", lambda *_: False)
        assert floor.claim(customer, by=school.baoyu).refusal is Refusal.TAKEN
        assert len(floor.rows(customer)) == 1


def test_every_refusal_speaks():
    assert {refusal.value for refusal in Refusal} == {
        "taken", "not_public", "former_consultant", "cool_down", "holding_limit", "daily_limit", "not_found"}
    assert all(str(refusal.sentence) for refusal in Refusal)
