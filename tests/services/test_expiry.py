"""The nightly expiry: batches, repetition, and what it counts."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from app.models import Distribution
from app.models.choices import DistributionStatus
from app.services import expiry
from app.services.expiry import Expired
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus


def state(session) -> list[tuple]:
    """Every row, but for the instant of the run."""
    return sorted(tuple(row) for row in session.execute(select(
        Distribution.customer_id, Distribution.consultant_id, Distribution.status, Distribution.started_on,
        Distribution.ended_on)))


@pytest.fixture
def a_mixed_lot(make_customer, make_follow_up, floor, school, clock):
    """Of fifteen: six lost to the 3-day rule, three to the 15-day rule; others held, released, won, never held."""
    day = clock.today()
    for _ in range(6):
        make_customer(holder=school.sanjiang, on=day - dt.timedelta(days=5))
    for _ in range(3):
        customer = make_customer(holder=school.baoyu, on=day - dt.timedelta(days=20))
        for ago in (17, 14, 11, 8, 5):
            make_follow_up(customer, on=day - dt.timedelta(days=ago))
    for _ in range(2):
        make_customer(holder=school.dasha)
    make_customer()
    floor.release(make_customer(holder=school.dasha))
    floor.enrol(make_customer(holder=school.dasha))
    floor.lock(make_customer(holder=school.dasha), day + dt.timedelta(days=3))


class TestOneRun:
    def test_counts_by_the_rule_that_ended_the_holding(self, a_mixed_lot, floor):
        assert floor.night() == Expired(closed_follow_up=6, closed_deal=3)

    def test_ends_each_on_the_day_of_its_own_fall(self, session, a_mixed_lot, floor, clock):
        floor.night()
        closed = session.execute(select(Distribution.status, Distribution.ended_on).where(
            Distribution.status.in_([NO_FOLLOW_UP, NO_DEAL]))).all()
        day = clock.today()
        assert sorted({tuple(row) for row in closed}) == [
            (NO_FOLLOW_UP, day - dt.timedelta(days=1)), (NO_DEAL, day - dt.timedelta(days=4))]

    @pytest.mark.parametrize("batch", [1, 2, 4, 9, 1000])
    def test_ends_the_same_in_batches_of_any_size(self, session, a_mixed_lot, floor, batch):
        assert floor.night(batch=batch) == Expired(6, 3)
        assert sum(row[2] == FOLLOWING for row in state(session)) == 3

    def test_tells_how_far_it_is(self, session, a_mixed_lot, clock):
        told = []
        expiry.expire(session, clock.today(), now=clock.now, batch=4,
                      on_batch=lambda done, total, part: (told.append((done, total, part)), session.commit()))
        assert [(done, total) for done, total, _ in told] == [(4, 9), (8, 9), (9, 9)]
        assert sum((part for *_, part in told), Expired()) == Expired(6, 3)

    def test_tells_nothing_if_there_is_nothing_to_do(self, session, school, clock):
        told = []
        assert expiry.expire(session, clock.today(), now=clock.now, on_batch=lambda *a: told.append(a)) == Expired()
        assert told == []

    def test_runs_a_few_statements_a_batch(self, session, a_mixed_lot, floor, count_queries):
        with count_queries() as queries:
            floor.night(batch=1000)
        assert queries.count <= 10, queries  # with those of the audit log and of the notices


class TestRunAgain:
    def test_counts_nothing_the_second_time(self, session, a_mixed_lot, floor):
        floor.night()
        before = state(session)
        assert floor.night() == Expired()
        assert state(session) == before

    @pytest.mark.parametrize("died_after", [0, 1, 2])
    def test_goes_on_where_it_died(self, session, a_mixed_lot, floor, clock, died_after):
        class DeathError(Exception):
            pass

        batches = []

        def die(*_):
            batches.append(None)
            if len(batches) > died_after:
                raise DeathError
            session.commit()

        with pytest.raises(DeathError):
            expiry.expire(session, clock.today(), now=clock.now, batch=3, on_batch=die)
        session.rollback()
        assert sum(row[2] in {NO_FOLLOW_UP, NO_DEAL} for row in state(session)) == 3 * died_after
        rest = floor.night(batch=3)
        assert rest.closed_follow_up + rest.closed_deal == 9 - 3 * died_after
        assert sum(row[2] in {NO_FOLLOW_UP, NO_DEAL} for row in state(session)) == 9


@pytest.mark.parametrize("missed", [1, 3, 30])
def test_one_catch_up_equals_every_night(session, make_customer, floor, school, clock, missed):
    """Nights missed: the rows are those of the nights run one by one."""
    day = clock.today()

    def people_come_and_fall():
        for number in range(missed):
            make_customer(holder=school.consultants[number % 3], on=day + dt.timedelta(days=number))

    people_come_and_fall()
    for number in range(missed + 1):
        floor.night(day + dt.timedelta(days=number))
    each_night = [(row[1], row[2], row[3], row[4]) for row in state(session)]
    session.execute(Distribution.__table__.delete())
    session.commit()
    people_come_and_fall()
    floor.night(day + dt.timedelta(days=missed))
    at_once = [(row[1], row[2], row[3], row[4]) for row in state(session)]
    assert at_once == each_night


class TestAnEarlierDate:
    def test_closes_only_who_was_public_then(self, session, make_customer, floor, school, clock):
        make_customer(holder=school.sanjiang, on=dt.date(2026, 2, 20))  # fell on 02-24
        make_customer(holder=school.sanjiang, on=dt.date(2026, 2, 24))  # fell on 02-28
        assert floor.night(dt.date(2026, 2, 23)) == Expired()
        assert floor.night(dt.date(2026, 2, 24)) == Expired(1, 0)
        assert floor.night(dt.date(2026, 2, 27)) == Expired()
        assert floor.night() == Expired(1, 0)
