"""Leave: asked for, decided by somebody else, and what it does to clocks."""

from __future__ import annotations

import datetime as dt

import pytest

from app.errors import ConflictError, DomainError
from app.models import Leave
from app.models.choices import LeaveState
from app.services import leaves, recomputation
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


@pytest.fixture
def ask(session, school):
    """`ask(3, 5)` asks for 三江's leave from the 3rd to the 5th of March."""
    def request(first: int, last: int, state: LeaveState = LeaveState.REQUESTED) -> Leave:
        leave = Leave(employee_id=school.sanjiang.id, first_on=march(first), last_on=march(last), state=state)
        leaves.check(session, leave)
        session.add(leave)
        session.commit()
        return leave

    return request


def test_only_an_approved_one_counts(session, school, ask):
    leave = ask(3, 5)
    assert leaves.approved(session, [school.sanjiang.id]) == {}
    leaves.decide(leave, LeaveState.APPROVED, school.manager)
    assert leaves.approved(session, [school.sanjiang.id]) == {school.sanjiang.id: ((march(3), march(5)),)}
    assert [school.sanjiang.id in leaves.away(session, march(day)) for day in (2, 3, 5, 6)] == [
        False, True, True, False]


def test_nobody_decides_on_his_own(school, ask):
    with pytest.raises(ConflictError):
        leaves.decide(ask(3, 5), LeaveState.APPROVED, school.sanjiang)


def test_two_do_not_overlap(ask):
    ask(3, 5)
    with pytest.raises(ConflictError):
        ask(5, 8)
    ask(6, 8)


def test_one_that_was_declined_stands_in_nobodys_way(ask):
    ask(3, 5, LeaveState.DECLINED)
    ask(4, 4)


@pytest.mark.parametrize(("first", "last", "field"), [
    (march(5), march(4), "last_on"), (march(1), march(1) + dt.timedelta(days=366), "last_on")])
def test_it_ends_after_it_begins_and_within_a_year(session, school, first, last, field):
    with pytest.raises(DomainError) as refused:
        leaves.check(session, Leave(employee_id=school.sanjiang.id, first_on=first, last_on=last))
    assert refused.value.field == field


def test_it_pauses_the_clocks_of_his_customers_and_of_nobody_elses(session, school, make_customer, ask, clock):
    his, hers = make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.baoyu)
    ask(4, 13, LeaveState.APPROVED)
    moved = recomputation.of_consultant(session, school.sanjiang.id, today=clock.today())
    session.commit()
    assert (his.public_on, hers.public_on) == (march(16), march(6))
    assert (moved.earlier, moved.later) == (0, 1)
