"""Follow-ups: who writes them, what moves the clock and what never does."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from app.errors import ConflictError, DomainError, NotAllowedError, NotFoundError
from app.models import FollowUp
from app.models.choices import Intent
from app.services import follow_ups
from app.services.follow_ups import LONGEST_NOTE
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def customer(make_customer, school):
    """三江's, received on 2 March; his last day is the 5th."""
    return make_customer("龙泰", holder=school.sanjiang)


def number_of_records(session) -> int:
    return session.scalar(select(func.count()).select_from(FollowUp))


class TestWhoWritesOne:
    def test_the_present_consultant(self, customer, floor, school, clock):
        record = floor.follow_up(customer, by=school.sanjiang, note=" 想学Python ", intent=Intent.ONE_WEEK,
                                 next_contact_on=dt.date(2026, 3, 4))
        assert (record.customer, record.consultant, record.note) == (customer, school.sanjiang, "想学Python")
        assert (record.at, record.saved_on, record.intent) == (clock.now(), clock.today(), Intent.ONE_WEEK)

    def test_nobody_else(self, session, customer, floor, school):
        with pytest.raises(ConflictError):
            floor.follow_up(customer, by=school.baoyu)
        assert number_of_records(session) == 0

    def test_a_manager_while_he_is_held(self, customer, floor, school):
        record = floor.follow_up(customer, by=school.manager, for_any_consultant=True)
        assert record.consultant is school.manager

    def test_no_manager_once_he_is_public(self, customer, floor, school, clock):
        clock.advance(days=4)
        with pytest.raises(ConflictError):
            floor.follow_up(customer, by=school.manager, for_any_consultant=True)

    @pytest.mark.parametrize("night_ran", [True, False], ids=["after the night", "before the night ran"])
    def test_not_the_former_consultant_at_one_minute_past_midnight(self, session, customer, floor, school, clock, *,
                                                                   night_ran):
        clock.set("2026-03-05 23:59")
        assert customer.is_held(clock.today())
        clock.set("2026-03-06 00:01")
        if night_ran:
            floor.night()
        with pytest.raises(ConflictError):
            floor.follow_up(customer, by=school.sanjiang)
        assert number_of_records(session) == 0
        assert customer.public_on == dt.date(2026, 3, 6)

    def test_the_former_consultant_not_even_for_a_time_when_he_had_him(self, customer, floor, school, clock):
        clock.set("2026-03-06 00:01")
        with pytest.raises(ConflictError):
            floor.follow_up(customer, by=school.sanjiang, at=clock.now() - dt.timedelta(hours=2))

    def test_in_the_last_minute_still(self, customer, floor, school, clock):
        clock.set("2026-03-05 23:59:59")
        floor.follow_up(customer, by=school.sanjiang)
        assert customer.public_on == dt.date(2026, 3, 9)

    def test_nobody_for_a_lead_nobody_holds(self, make_customer, floor, school):
        lead = make_customer()
        for person in (school.sanjiang, school.manager):
            with pytest.raises(ConflictError):
                floor.follow_up(lead, by=person, for_any_consultant=True)

    def test_the_new_consultant_after_a_claim_and_not_the_old(self, customer, floor, school, clock):
        clock.advance(days=4)
        floor.claim(customer, by=school.baoyu)
        floor.follow_up(customer, by=school.baoyu)
        with pytest.raises(ConflictError):
            floor.follow_up(customer, by=school.sanjiang)

    def test_the_consultant_he_enrolled_with(self, customer, floor, school, clock):
        floor.enrol(customer)
        clock.advance(days=40)
        floor.follow_up(customer, by=school.sanjiang)
        assert (customer.last_consult_date, customer.public_on) == (clock.today(), None)

    def test_nobody_for_nobody(self, session, school, clock):
        with pytest.raises(NotFoundError):
            follow_ups.log(session, 10**9, school.sanjiang, "x", today=clock.today(), now=clock.now())


class TestTheClockMoves:
    def test_by_the_date_of_saving_and_never_by_when_it_took_place(self, customer, floor, school, clock):
        clock.set("2026-03-05 10:00")
        record = floor.follow_up(customer, by=school.sanjiang, at=dt.datetime(2026, 3, 2, 9, tzinfo=clock.zone))
        assert record.at == dt.datetime(2026, 3, 2, 9, tzinfo=clock.zone)
        assert (record.saved_on, customer.last_consult_date) == (dt.date(2026, 3, 5), dt.date(2026, 3, 5))
        assert customer.public_on == dt.date(2026, 3, 9)

    def test_not_by_an_edit(self, session, customer, floor, school, clock):
        record = floor.follow_up(customer, by=school.sanjiang)
        clock.advance(hours=3)
        follow_ups.edit(session, record, school.sanjiang, note="改了", intent=Intent.PAID, next_contact_on=None,
                        today=clock.today(), masking=True)
        session.commit()
        assert (record.note, record.intent) == ("改了", Intent.PAID)
        assert (customer.last_consult_date, customer.public_on) == (dt.date(2026, 3, 2), dt.date(2026, 3, 6))

    def test_not_by_a_deletion(self, session, customer, floor, school, clock):
        clock.set("2026-03-04 10:00")
        record = floor.follow_up(customer, by=school.sanjiang)
        follow_ups.delete(session, record, school.sanjiang, today=clock.today(), masking=True)
        session.commit()
        assert number_of_records(session) == 0
        assert (customer.last_consult_date, customer.public_on) == (dt.date(2026, 3, 4), dt.date(2026, 3, 8))

    def test_not_by_a_refused_one(self, customer, floor, school, clock):
        clock.set("2026-03-04 10:00")
        for wrong in ({"note": " "}, {"at": clock.now() + dt.timedelta(seconds=1)},
                      {"next_contact_on": dt.date(2026, 3, 3)}):
            with pytest.raises(DomainError):
                floor.follow_up(customer, by=school.sanjiang, **wrong)
        assert customer.last_consult_date == dt.date(2026, 3, 2)


class TestWhoChangesOne:
    @pytest.fixture
    def record(self, customer, floor, school):
        return floor.follow_up(customer, by=school.sanjiang, note="原话")

    @pytest.fixture
    def change(self, session, record):
        def attempt(what, by, on):
            if what == "edit":
                follow_ups.edit(session, record, by, note="改了", intent=Intent.NO_PLAN, next_contact_on=None,
                                today=on, masking=True)
            else:
                follow_ups.delete(session, record, by, today=on, masking=True)

        return attempt

    @pytest.mark.parametrize("what", ["edit", "delete"])
    def test_its_author_on_the_same_day(self, change, school, clock, what):
        clock.set("2026-03-02 23:59")
        change(what, school.sanjiang, clock.today())

    @pytest.mark.parametrize("what", ["edit", "delete"])
    def test_not_its_author_on_the_next_day(self, change, record, school, clock, what):
        clock.set("2026-03-03 00:00")
        with pytest.raises(NotAllowedError):
            change(what, school.sanjiang, clock.today())
        assert record.note == "原话"

    @pytest.mark.parametrize("what", ["edit", "delete"])
    @pytest.mark.parametrize("who", ["baoyu", "manager", "admin"])
    def test_nobody_else(self, change, record, school, clock, what, who):
        with pytest.raises(NotAllowedError):
            change(what, getattr(school, who), clock.today())
        assert record.note == "原话"

    def test_not_into_nothing(self, session, record, school, clock):
        with pytest.raises(DomainError) as refused:
            follow_ups.edit(session, record, school.sanjiang, note="\n ", intent=Intent.NO_PLAN, next_contact_on=None,
                            today=clock.today(), masking=True)
        assert refused.value.field == "note"

    def test_not_into_a_contact_in_the_past(self, session, record, school, clock):
        with pytest.raises(DomainError) as refused:
            follow_ups.edit(session, record, school.sanjiang, note="x", intent=Intent.NO_PLAN,
                            next_contact_on=dt.date(2026, 3, 1), today=clock.today(), masking=True)
        assert refused.value.field == "next_contact_on"


class TestWhatIsWritten:
    @pytest.mark.parametrize(("wrong", "field"), [
        ({"note": ""}, "note"), ({"note": " \n\u3000"}, "note"),
        ({"next_contact_on": dt.date(2026, 3, 1)}, "next_contact_on"),
    ])
    def test_is_refused_with_its_field(self, customer, floor, school, wrong, field):
        with pytest.raises(DomainError) as refused:
            floor.follow_up(customer, by=school.sanjiang, **wrong)
        assert refused.value.field == field

    def test_cannot_have_taken_place_in_the_future(self, customer, floor, school, clock):
        with pytest.raises(DomainError) as refused:
            floor.follow_up(customer, by=school.sanjiang, at=clock.now() + dt.timedelta(minutes=1))
        assert refused.value.field == "at"

    def test_may_plan_the_next_contact_for_today(self, customer, floor, school, clock):
        record = floor.follow_up(customer, by=school.sanjiang, next_contact_on=clock.today())
        assert record.next_contact_on == clock.today()

    def test_may_be_long_but_not_without_end(self, session, customer, floor, school):
        record = floor.follow_up(customer, by=school.sanjiang, note="长" * LONGEST_NOTE)
        session.expire_all()
        assert len(record.note) == LONGEST_NOTE
        with pytest.raises(DomainError) as refused:
            floor.follow_up(customer, by=school.sanjiang, note="长" * (LONGEST_NOTE + 1))
        assert refused.value.field == "note"
