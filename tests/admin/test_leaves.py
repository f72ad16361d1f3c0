"""Leave on the screens: asked for, decided by somebody else, and at once in the clocks of one's customers."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from app.models import Leave
from app.models.choices import LeaveState
from app.services import leave_decisions, leaves

PATH = "/admin/leave/"


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


@pytest.fixture
def leave(session):
    """The only leave there is."""
    def only() -> Leave:
        session.expire_all()
        return session.scalars(select(Leave)).one()

    return only


@pytest.fixture
def ask(login):
    """三江 asks for the 4th and the 5th of March."""
    def send(**otherwise):
        return login("sanjiang").submit(f"{PATH}new/", {
            "first_on": "2026-03-04", "last_on": "2026-03-05", "reason": "回家", **otherwise})

    return send


def decide(browser, step, leave_id):
    return browser.submit(f"{PATH}{step}/", {"id": leave_id}, follow_redirects=True)


class TestAsking:
    def test_is_for_oneself_and_decided_by_nobody_yet(self, ask, leave, school):
        assert ask(employee=school.baoyu.id).status_code == 302
        assert (leave().employee.name, leave().state, leave().decided_by) == ("三江", LeaveState.REQUESTED, None)

    def test_counts_for_no_clock_before_it_is_approved(self, ask, session, make_customer, school):
        customer = make_customer(holder=school.sanjiang)
        ask()
        session.refresh(customer)
        assert customer.public_on == march(6)

    @pytest.mark.parametrize(("otherwise", "field"), [
        ({"last_on": "2026-03-03"}, "last_on"), ({"last_on": "2027-03-09"}, "last_on"), ({"first_on": ""}, "first_on")])
    def test_is_refused_at_its_field(self, ask, session, otherwise, field):
        page = ask(**otherwise)
        assert page.status_code == 422
        assert f'id="{field}-errors"' in page.text
        assert session.scalar(select(Leave.id)) is None

    def test_is_refused_for_days_one_is_away_already(self, ask, leave):
        ask()
        assert ask(first_on="2026-03-05", last_on="2026-03-09").status_code == 422
        assert leave().last_on == march(5)

    def test_can_be_withdrawn_until_it_is_decided(self, ask, login, session, leave):
        ask()
        sanjiang = login("sanjiang")
        assert "/admin/leave/delete/" in sanjiang.get(PATH).text
        sanjiang.submit(f"{PATH}delete/", {"id": leave().id})
        assert session.scalar(select(Leave.id)) is None
        ask()
        decide(login("manager"), "approve", leave().id)
        assert "/admin/leave/delete/" not in sanjiang.get(PATH).text
        sanjiang.submit(f"{PATH}delete/", {"id": leave().id})
        assert leave().state is LeaveState.APPROVED


class TestDeciding:
    def test_pauses_the_clocks_of_the_consultants_customers_at_once(self, ask, login, session, leave, make_customer,
                                                                    school):
        mine, anothers = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu)
        ask()
        decide(login("manager"), "approve", leave().id)
        assert (leave().state, leave().decided_by.name) == (LeaveState.APPROVED, "主管")
        assert (mine.public_on, anothers.public_on) == (march(8), march(6))

    def test_can_be_taken_back_and_the_days_count_again(self, ask, login, session, leave, make_customer, school):
        mine, manager = make_customer(holder=school.sanjiang), login("manager")
        ask()
        decide(manager, "approve", leave().id)
        decide(manager, "decline", leave().id)
        assert leave().state is LeaveState.DECLINED
        assert mine.public_on == march(6)

    def test_is_not_done_twice(self, ask, login, leave):
        ask()
        manager = login("manager")
        decide(manager, "decline", leave().id)
        assert "flash error" in decide(manager, "decline", leave().id).text

    def test_is_never_about_ones_own(self, login, leave):
        manager = login("manager")
        manager.submit(f"{PATH}new/", {"first_on": "2026-03-04", "last_on": "2026-03-05"})
        assert "/admin/leave/approve/" not in manager.get(PATH).text
        decide(manager, "approve", leave().id)
        assert leave().state is LeaveState.REQUESTED

    def test_anothers_leave_is_approved_as_it_is_entered(self, login, leave, session, make_customer, school):
        mine = make_customer(holder=school.sanjiang)
        login("manager").submit(f"{PATH}new/", {"employee": school.sanjiang.id, "first_on": "2026-03-03",
                                                "last_on": "2026-03-03"})
        assert (leave().employee.name, leave().state) == ("三江", LeaveState.APPROVED)
        assert mine.public_on == march(7)

    def test_stands_with_the_leave_it_is_about(self, ask, login, leave):
        ask()
        page = login("manager").get(f"{PATH}details/?id={leave().id}").text
        assert "/admin/leave/approve/" in page
        assert "回家" in page


def test_a_leave_that_is_declined_leaves_room_for_another(session, school, clock):
    first = Leave(employee=school.sanjiang, first_on=march(4), last_on=march(5))
    leave_decisions.enter(session, first, school.sanjiang, today=clock.today())
    session.commit()
    leave_decisions.decide(session, first.id, LeaveState.DECLINED, school.manager, today=clock.today())
    leave_decisions.enter(session, Leave(employee=school.sanjiang, first_on=march(5), last_on=march(6)),
                          school.manager, today=clock.today())
    session.commit()
    assert leaves.approved(session, [school.sanjiang.id]) == {school.sanjiang.id: ((march(5), march(6)),)}
