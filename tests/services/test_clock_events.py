"""The clock's table of events, row by row: what becomes of the open row, the new row, the dates and `public_on`."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import Distribution
from app.models.choices import CustomerStatus, DistributionStatus, Origin
from app.services import claims, distributions, enrolments
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


@pytest.fixture
def customer(make_customer, school):
    """三江's, received on 2 March; he falls on the 6th."""
    return make_customer("龙泰", holder=school.sanjiang)


@pytest.fixture
def on(clock):
    """`on(6)` makes it the 6th of March, at nine."""
    return lambda day, hour=9: clock.set(f"2026-03-{day:02} {hour:02}:00")


class TestALeadIntoThePool:
    def test_is_public_today_and_nobodys(self, make_customer, floor):
        lead = make_customer("新客户")
        assert floor.rows(lead) == []
        assert (lead.consultant, lead.recv_date, lead.last_consult_date, lead.date) == (None, None, march(2), march(2))
        assert (lead.public_on, lead.public_as, lead.locked_until) == (march(2), None, None)
        assert lead.is_public(march(2))

    def test_carries_nothing_of_what_a_rule_governs(self, session, make_customer, school):
        lead = make_customer("新客户", status=CustomerStatus.ENROLLED, recv_date=march(1), public_as=NO_DEAL,
                             locked_until=march(30), consultant_id=school.baoyu.id)
        assert (lead.status, lead.recv_date, lead.public_as, lead.locked_until, lead.consultant_id) == (
            CustomerStatus.NOT_ENROLLED, None, None, None, None)


class TestAClaim:
    def test_of_a_lead_nobody_has_held_opens_a_row(self, make_customer, floor, school):
        lead = make_customer()
        assert floor.claim(lead, by=school.baoyu).won
        assert floor.rows(lead) == [("暴雨", FOLLOWING, Origin.CLAIM, march(2), None)]
        assert (lead.consultant, lead.recv_date, lead.last_consult_date) == (school.baoyu, march(2), march(2))
        assert (lead.public_on, lead.public_as) == (march(6), NO_FOLLOW_UP)

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_of_a_fallen_one_closes_the_row_as_of_the_fall(self, customer, floor, school, on, night_ran):
        on(9)
        if night_ran:
            floor.night()
        assert floor.claim(customer, by=school.baoyu).won
        assert floor.rows(customer) == [("三江", NO_FOLLOW_UP, Origin.ENTRY, march(2), march(6)),
                                        ("暴雨", FOLLOWING, Origin.CLAIM, march(9), None)]
        assert customer.public_on == march(13)

    def test_at_one_second_past_midnight_works(self, customer, floor, school, clock):
        clock.set("2026-03-06 00:00:01")
        assert floor.claim(customer, by=school.baoyu).won
        assert floor.rows(customer)[0] == ("三江", NO_FOLLOW_UP, Origin.ENTRY, march(2), march(6))

    def test_of_a_released_one_leaves_the_released_row_alone(self, customer, floor, school, on):
        on(4)
        floor.release(customer)
        on(9)
        assert floor.claim(customer, by=school.baoyu).won
        assert floor.rows(customer)[0] == ("三江", RELEASED, Origin.ENTRY, march(2), march(4))

    def test_ends_the_former_holders_lock(self, customer, floor, school, on):
        floor.lock(customer, march(7))
        on(8)
        floor.claim(customer, by=school.baoyu)
        assert (customer.locked_until, customer.public_on) == (None, march(12))


class TestAnAssignment:
    def test_of_a_held_one_is_a_transfer(self, customer, floor, school, on):
        on(4)
        floor.assign(customer, to=school.baoyu)
        assert floor.rows(customer) == [("三江", TRANSFERRED, Origin.ENTRY, march(2), march(4)),
                                        ("暴雨", FOLLOWING, Origin.TRANSFER, march(4), None)]
        assert customer.consultant is school.baoyu
        assert (customer.recv_date, customer.last_consult_date) == (march(4), march(4))
        assert (customer.public_on, customer.public_as) == (march(8), NO_FOLLOW_UP)

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_of_a_public_one_closes_the_row_as_the_night_would(self, customer, floor, school, on, night_ran):
        on(9)
        if night_ran:
            floor.night()
        floor.assign(customer, to=school.baoyu)
        assert floor.rows(customer) == [("三江", NO_FOLLOW_UP, Origin.ENTRY, march(2), march(6)),
                                        ("暴雨", FOLLOWING, Origin.ASSIGNMENT, march(9), None)]

    def test_of_a_public_one_may_be_to_the_former_consultant(self, customer, floor, school, on):
        on(9)
        floor.assign(customer, to=school.sanjiang)
        assert [row[:2] for row in floor.rows(customer)] == [("三江", NO_FOLLOW_UP), ("三江", FOLLOWING)]
        assert customer.is_held(march(9))

    def test_of_a_lead_nobody_has_held_opens_a_row(self, make_customer, floor, school):
        lead = make_customer()
        floor.assign(lead, to=school.baoyu)
        assert floor.rows(lead) == [("暴雨", FOLLOWING, Origin.ASSIGNMENT, march(2), None)]

    def test_ends_the_lock(self, customer, floor, school):
        floor.lock(customer, march(20))
        floor.assign(customer, to=school.baoyu)
        assert (customer.locked_until, customer.public_on) == (None, march(6))

    def test_to_his_own_consultant_is_refused(self, customer, floor, school):
        with pytest.raises(ConflictError):
            floor.assign(customer, to=school.sanjiang)

    def test_of_an_enrolled_one_is_refused(self, customer, floor, school):
        floor.enrol(customer)
        with pytest.raises(ConflictError):
            floor.assign(customer, to=school.baoyu)

    @pytest.mark.parametrize("who", ["manager", "tutor", "teacher", "admin"])
    def test_to_someone_outside_sales_is_refused(self, customer, floor, school, who):
        with pytest.raises(ConflictError):
            floor.assign(customer, to=getattr(school, who))
        assert customer.consultant is school.sanjiang

    def test_of_nobody_is_refused(self, floor, school, session):
        with pytest.raises(NotFoundError):
            distributions.lock_customer(session, 10**9)
        with pytest.raises(NotFoundError):
            distributions.lock_holder(session, 10**9)


class TestAnOwnEntry:
    def test_opens_a_row_and_starts_the_clock(self, customer, floor, school):
        assert floor.rows(customer) == [("三江", FOLLOWING, Origin.ENTRY, march(2), None)]
        assert (customer.recv_date, customer.last_consult_date, customer.public_on) == (march(2), march(2), march(6))

    def test_for_someone_outside_sales_is_refused(self, session, make_customer, school):
        with pytest.raises(ConflictError):
            make_customer(holder=school.tutor)


class TestAFollowUpWhileHeld:
    def test_moves_the_last_date_and_the_fall(self, customer, floor, school, on):
        on(5)
        floor.follow_up(customer, by=school.sanjiang)
        assert (customer.recv_date, customer.last_consult_date, customer.public_on) == (march(2), march(5), march(9))
        assert floor.rows(customer) == [("三江", FOLLOWING, Origin.ENTRY, march(2), None)]

    def test_never_moves_the_fall_beyond_the_deal_term(self, customer, floor, school, on):
        for day in (5, 8, 11, 14, 17):
            on(day)
            floor.follow_up(customer, by=school.sanjiang)
        assert (customer.public_on, customer.public_as) == (march(18), NO_DEAL)

    def test_keeps_a_lock(self, customer, floor, school, on):
        floor.lock(customer, march(10))
        on(5)
        floor.follow_up(customer, by=school.sanjiang)
        assert (customer.public_on, customer.locked_until) == (march(11), march(10))

    def test_on_the_day_a_lock_was_lifted_does_not_lose_him_at_once(self, customer, floor, school, on):
        floor.lock(customer, march(25))
        on(20)
        floor.unlock(customer)
        assert customer.public_on == march(21), "his terms are over: he falls tomorrow"
        floor.follow_up(customer, by=school.sanjiang)
        assert customer.is_held(march(20)), "whoever follows up today does not lose the customer today"
        assert customer.public_on == march(21), "nor does it win him a day"

    def test_that_began_before_midnight_never_sets_the_last_date_back(self, customer, floor, school, on):
        on(5, hour=0)
        floor.follow_up(customer, by=school.sanjiang)
        on(4, hour=23)
        floor.follow_up(customer, by=school.sanjiang)
        assert (customer.last_consult_date, customer.public_on) == (march(5), march(9))

    def test_once_enrolled_leaves_the_clock_alone(self, customer, floor, school, on):
        floor.enrol(customer)
        on(9)
        floor.follow_up(customer, by=school.sanjiang)
        assert customer.public_on is None


class TestARelease:
    def test_ends_the_row_today_and_makes_him_public(self, customer, floor, school, on):
        on(4)
        floor.release(customer, by=school.sanjiang)
        assert floor.rows(customer) == [("三江", RELEASED, Origin.ENTRY, march(2), march(4))]
        assert (customer.public_on, customer.public_as) == (march(4), RELEASED)
        assert (customer.recv_date, customer.last_consult_date) == (march(2), march(2))
        assert customer.consultant is school.sanjiang, "he stays the last consultant"

    def test_is_not_touched_by_the_night(self, customer, floor, on):
        floor.release(customer)
        on(9)
        floor.night()
        assert floor.rows(customer)[0][1] == RELEASED

    def test_ends_a_lock(self, customer, floor):
        floor.lock(customer, march(20))
        floor.release(customer)
        assert (customer.locked_until, customer.public_on) == (None, march(2))

    def test_of_someone_elses_is_refused(self, customer, floor, school):
        with pytest.raises(ConflictError):
            floor.release(customer, by=school.baoyu)

    def test_of_a_public_one_is_refused(self, customer, floor, school, on):
        on(6)
        with pytest.raises(ConflictError):
            floor.release(customer, by=school.sanjiang)

    def test_of_an_enrolled_one_is_refused(self, customer, floor, school):
        floor.enrol(customer)
        with pytest.raises(ConflictError):
            floor.release(customer, by=school.sanjiang)


class TestALock:
    def test_moves_the_fall_behind_its_last_day(self, customer, floor, school):
        floor.lock(customer, march(20), by=school.sanjiang)
        assert (customer.public_on, customer.public_as, customer.locked_until) == (march(21), NO_FOLLOW_UP, march(20))
        assert customer.is_held(march(20))
        assert customer.is_public(march(21))

    def test_that_ends_before_the_terms_changes_nothing(self, customer, floor):
        floor.lock(customer, march(3))
        assert customer.public_on == march(6)

    def test_for_today_alone_holds_him_until_tomorrow_at_least(self, customer, floor, on):
        on(5)
        floor.lock(customer, march(5))
        assert customer.public_on == march(6)

    def test_ends_as_the_terms_would_have(self, customer, floor, on):
        floor.lock(customer, march(20))
        on(21)
        floor.night()
        assert floor.rows(customer) == [(*floor.rows(customer)[0][:1], NO_FOLLOW_UP, Origin.ENTRY, march(2), march(21))]

    def test_in_the_past_is_refused(self, customer, floor, on):
        on(4)
        with pytest.raises(DomainError) as refused:
            floor.lock(customer, march(3))
        assert refused.value.field == "until"

    def test_of_a_public_one_is_refused(self, customer, floor, on):
        on(6)
        with pytest.raises(ConflictError):
            floor.lock(customer, march(20))

    def test_of_someone_elses_is_refused(self, customer, floor, school):
        with pytest.raises(ConflictError):
            floor.lock(customer, march(20), by=school.baoyu)
        with pytest.raises(ConflictError):
            floor.unlock(customer, by=school.baoyu)


class TestAnUnlock:
    def test_gives_the_fall_back_to_the_terms(self, customer, floor, on):
        floor.lock(customer, march(20))
        on(3)
        floor.unlock(customer)
        assert (customer.public_on, customer.locked_until) == (march(6), None)

    def test_takes_nobody_away_before_tomorrow(self, customer, floor, on):
        floor.lock(customer, march(20))
        on(12)
        floor.unlock(customer)
        assert customer.is_held(march(12))
        assert customer.public_on == march(13)

    def test_of_a_public_one_is_refused(self, customer, floor, on):
        on(6)
        with pytest.raises(ConflictError):
            floor.unlock(customer)


class TestAnEnrolment:
    def test_wins_the_row_and_leaves_the_clock(self, customer, floor, on):
        on(5)
        floor.enrol(customer)
        assert floor.rows(customer) == [("三江", WON, Origin.ENTRY, march(2), march(5))]
        assert (customer.status, customer.public_on, customer.public_as) == (CustomerStatus.ENROLLED, None, None)
        assert not customer.is_public(dt.date(2027, 1, 1))

    def test_ends_a_lock(self, customer, floor):
        floor.lock(customer, march(20))
        floor.enrol(customer)
        assert customer.locked_until is None

    def test_is_not_touched_by_the_night(self, customer, floor, clock):
        floor.enrol(customer)
        clock.set("2026-12-31")
        floor.night()
        assert floor.rows(customer) == [("三江", WON, Origin.ENTRY, march(2), march(2))]

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_of_a_public_one_is_refused(self, customer, floor, on, night_ran):
        on(6)
        if night_ran:
            floor.night()
        with pytest.raises(ConflictError):
            floor.enrol(customer)
        assert customer.status == CustomerStatus.NOT_ENROLLED

    def test_of_a_public_one_works_in_one_transaction_with_his_claim(
            self, *, session, customer, floor, school, on, clock):
        on(6)
        claims.claim(session, customer.id, school.baoyu.id, today=clock.today(), now=clock.now())
        enrolments.enrol(session, customer.id, today=clock.today(), now=clock.now())
        session.commit()
        assert floor.rows(customer) == [("三江", NO_FOLLOW_UP, Origin.ENTRY, march(2), march(6)),
                                        ("暴雨", WON, Origin.CLAIM, march(6), march(6))]

    def test_twice_is_refused(self, customer, floor):
        floor.enrol(customer)
        with pytest.raises(ConflictError):
            floor.enrol(customer)


class TestTheLastEnrolmentUndone:
    @pytest.fixture
    def enrolled(self, customer, floor, on):
        on(4)
        floor.enrol(customer)
        on(20)
        return customer

    def test_reinstates_the_same_consultant_on_a_new_clock(self, enrolled, floor, school):
        floor.undo(enrolled)
        assert floor.rows(enrolled) == [("三江", WON, Origin.ENTRY, march(2), march(4)),
                                        ("三江", FOLLOWING, Origin.REINSTATED, march(20), None)]
        assert (enrolled.status, enrolled.recv_date, enrolled.last_consult_date) == (
            CustomerStatus.NOT_ENROLLED, march(20), march(20))
        assert (enrolled.public_on, enrolled.public_as) == (march(24), NO_FOLLOW_UP)

    def test_goes_to_the_pool_if_the_consultant_has_left(self, session, enrolled, floor, school):
        school.sanjiang.active = False
        session.commit()
        floor.undo(enrolled)
        assert floor.rows(enrolled) == [("三江", WON, Origin.ENTRY, march(2), march(4))]
        assert (enrolled.status, enrolled.public_on) == (CustomerStatus.NOT_ENROLLED, march(20))
        assert (enrolled.recv_date, enrolled.last_consult_date) == (march(20), march(20))
        assert enrolled.is_public(march(20))

    def test_goes_to_the_pool_if_the_consultant_left_sales(self, session, enrolled, floor, school):
        school.sanjiang.department = school.departments[1002]
        session.commit()
        floor.undo(enrolled)
        assert enrolled.is_public(march(20))
        floor.night()
        assert len(floor.rows(enrolled)) == 1

    def test_from_the_pool_he_can_be_claimed(self, session, enrolled, floor, school):
        school.sanjiang.active = False
        session.commit()
        floor.undo(enrolled)
        assert floor.claim(enrolled, by=school.baoyu).won

    def test_of_one_who_has_not_enrolled_is_refused(self, customer, floor):
        with pytest.raises(ConflictError):
            floor.undo(customer)

    def test_of_nobody_is_refused(self, session, clock):
        with pytest.raises(NotFoundError):
            enrolments.undo(session, 10**9, today=clock.today(), now=clock.now())

    def test_twice_is_refused(self, enrolled, floor):
        floor.undo(enrolled)
        with pytest.raises(ConflictError):
            floor.undo(enrolled)


class TestAChangeOfRules:
    """Rules, calendar, leave, department, source: recompute_held."""

    @pytest.fixture
    def rules(self, floor):
        return lambda follow_up_days, deal_days: floor.rules(follow_up_days=follow_up_days, deal_days=deal_days)

    def test_moves_a_held_one(self, customer, floor, rules):
        rules(5, 20)
        floor.recompute(customer)
        assert (customer.public_on, customer.recv_date, customer.last_consult_date) == (march(8), march(2), march(2))

    def test_takes_nobody_away_before_tomorrow(self, customer, floor, rules, on):
        on(5)
        rules(1, 2)
        floor.recompute(customer)
        assert (customer.public_on, customer.public_as) == (march(6), NO_FOLLOW_UP)

    def test_keeps_a_lock(self, customer, floor, rules):
        floor.lock(customer, march(20))
        rules(1, 2)
        floor.recompute(customer)
        assert customer.public_on == march(21)

    def test_leaves_a_public_one_untouched(self, customer, floor, rules, on):
        on(6)
        rules(5, 20)
        floor.recompute(customer)
        assert customer.public_on == march(6)
        assert customer.is_public(march(6)), "a change of rules takes nobody out of the pool"

    def test_leaves_a_lead_nobody_held_untouched(self, make_customer, floor, rules):
        lead = make_customer()
        rules(5, 20)
        floor.recompute(lead)
        assert (lead.public_on, lead.public_as) == (march(2), None)

    def test_leaves_an_enrolled_one_untouched(self, customer, floor, rules):
        floor.enrol(customer)
        rules(5, 20)
        floor.recompute(customer)
        assert customer.public_on is None


class TestTheNight:
    def test_copies_the_fall_into_the_open_row(self, session, customer, floor, on, clock):
        on(9, hour=0)
        floor.night()
        row = session.scalars(select(Distribution)).one()
        assert (row.status, row.ended_on, row.closed_at) == (NO_FOLLOW_UP, march(6), clock.now())

    def test_changes_nothing_about_the_customer(self, customer, floor, school, on):
        on(9)
        before = (customer.consultant, customer.recv_date, customer.last_consult_date, customer.public_on)
        floor.night()
        assert (customer.consultant, customer.recv_date, customer.last_consult_date, customer.public_on) == before

    def test_leaves_the_held_alone(self, customer, floor, on):
        on(5)
        floor.night()
        assert floor.rows(customer)[0][1] == FOLLOWING


class TestTheNightThatCameFirst:
    """Someone pressed a button before midnight, but the night got the customer first: too late, and all stays whole.

    The request's business date is the one it began on, so by its own date he is still held.
    """

    @pytest.fixture
    def closed(self, customer, floor, on):
        on(6, hour=0)
        floor.night()
        on(5, hour=23)
        assert customer.is_held(march(5))
        return customer

    ACTS = {
        "follow-up": lambda floor, customer, who: floor.follow_up(customer, by=who),
        "enrol": lambda floor, customer, who: floor.enrol(customer),
        "lock": lambda floor, customer, who: floor.lock(customer, march(20), by=who),
        "unlock": lambda floor, customer, who: floor.unlock(customer, by=who),
        "release": lambda floor, customer, who: floor.release(customer, by=who),
    }

    @pytest.mark.parametrize("act", ACTS)
    def test_refuses(self, closed, floor, school, act):
        with pytest.raises(ConflictError):
            self.ACTS[act](floor, closed, school.sanjiang)
        assert floor.rows(closed) == [("三江", NO_FOLLOW_UP, Origin.ENTRY, march(2), march(6))]
        assert closed.public_on == march(6)

    def test_lets_nothing_be_recomputed(self, closed, floor):
        floor.rules(follow_up_days=30, deal_days=60)
        floor.recompute(closed)
        assert closed.public_on == march(6)

    def test_lets_a_manager_give_him_back(self, closed, floor, school):
        floor.assign(closed, to=school.sanjiang)
        assert [row[1] for row in floor.rows(closed)] == [NO_FOLLOW_UP, FOLLOWING]
