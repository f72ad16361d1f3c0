"""Warnings before a fall and reminders of contacts: in time, in two grades, each once, and to whom it concerns."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Leave, Notice
from app.models.choices import Calendar, LeaveState, NoticeKind, RowScope
from app.services import leave_decisions, warnings
from app.services.warnings import LAST_DAY, SOON
from tests.support.databases import on_both_databases

DAY = dt.timedelta(days=1)
WARNING, TEAM, REMINDER = NoticeKind.WARNING, NoticeKind.TEAM_WARNING, NoticeKind.REMINDER


@pytest.fixture
def job(session, clock):
    """Runs the job at the clock's time; how many notices are new."""
    def run(*, is_open=True, batch=warnings.BATCH, stop_after=None):
        batches = []

        def commit(done, _total):
            session.commit()
            batches.append(done)
            if len(batches) == stop_after:
                raise KeyboardInterrupt

        return warnings.run(session, today=clock.today(), now=clock.now(), is_open=is_open, on_batch=commit,
                            batch=batch)
    return run


@pytest.fixture
def told(session):
    """What somebody was told: `told(school.sanjiang, WARNING)` gives customers with details, the newest last."""
    def ask(employee, kind):
        found = session.scalars(select(Notice).where(Notice.employee_id == employee.id, Notice.kind == kind)
                                .order_by(Notice.id))
        return [(each.customer.name if each.customer else None, each.details) for each in found]
    return ask


def grades(told, employee):
    return [(name, details["grade"]) for name, details in told(employee, WARNING)]


class TestAWarning:
    def test_comes_on_the_last_day_and_tells_the_managers_a_number(self, school, make_customer, job, told, clock):
        for name in ("甲", "乙"):
            make_customer(name, holder=school.sanjiang)
        clock.advance(days=2)
        assert job() == 0
        clock.advance(days=1)
        job()
        falls = (clock.today() + DAY).isoformat()
        assert told(school.sanjiang, WARNING) == [
            (name, {"public_on": falls, "public_as": 3, "grade": LAST_DAY}) for name in ("甲", "乙")]
        for overseer in (school.manager, school.admin):
            assert told(overseer, TEAM) == [(None, {
                "consultant_id": school.sanjiang.id, "public_on": falls, "number": 2})]
        assert told(school.baoyu, TEAM) == told(school.auditor, TEAM) == []

    def test_comes_earlier_where_the_rules_say_so_and_once_more_on_the_last_day(
            self, school, make_customer, floor, job, told, clock):
        floor.rules(warn_days=2)
        make_customer("甲", holder=school.sanjiang)
        clock.advance(days=2)
        job()
        assert grades(told, school.sanjiang) == [("甲", SOON)]
        assert told(school.manager, TEAM) == []
        clock.advance(days=1)
        job()
        assert grades(told, school.sanjiang) == [("甲", SOON), ("甲", LAST_DAY)]
        assert len(told(school.manager, TEAM)) == 1

    def test_comes_to_nobody_where_the_rules_say_none(self, school, make_customer, floor, job, clock):
        floor.rules(warn_days=0)
        make_customer(holder=school.sanjiang)
        clock.advance(days=3)
        assert job() == 0

    def test_comes_once_for_a_fall_and_again_for_the_next(self, school, make_customer, floor, job, told, clock):
        customer = make_customer("甲", holder=school.sanjiang)
        clock.advance(days=3)
        assert [bool(job()), job(), job()] == [True, 0, 0]
        floor.follow_up(customer, by=school.sanjiang)
        assert job() == 0
        clock.advance(days=3)
        job()
        assert [details["public_on"] for _name, details in told(school.sanjiang, WARNING)] == [
            "2026-03-06", "2026-03-09"]

    def test_is_not_given_of_who_is_public_released_enrolled_or_locked(self, school, make_customer, floor, job, clock):
        floor.rules(lock_limit=5)
        make_customer("落", holder=school.sanjiang, on=clock.today() - DAY)
        released, enrolled, locked = (make_customer(holder=school.sanjiang) for _ in range(3))
        clock.advance(days=3)
        floor.release(released)
        floor.enrol(enrolled)
        floor.lock(locked, clock.today() + 5 * DAY)
        assert job() == 0

    def test_waits_while_leave_pauses_the_clock(self, session, school, make_customer, job, told, clock):
        make_customer("甲", holder=school.sanjiang)
        leave = Leave(employee=school.sanjiang, first_on=clock.today() + 2 * DAY, last_on=clock.today() + 5 * DAY)
        leave_decisions.enter(session, leave, school.manager, today=clock.today())
        session.commit()
        assert leave.state is LeaveState.APPROVED
        clock.advance(days=3)
        assert job() == 0
        clock.advance(days=4)
        job()
        assert grades(told, school.sanjiang) == [("甲", LAST_DAY)]

    def test_comes_on_the_last_working_day_where_those_are_counted(
            self, school, make_customer, floor, job, told, clock):
        floor.rules(calendar=Calendar.CHINA)
        clock.set("2026-03-10 09:00")  # a Tuesday: the fall is on Monday, and who is warned at the weekend sits at home
        make_customer("甲", holder=school.sanjiang)
        for day in ("2026-03-12 09:00", "2026-03-13 09:00", "2026-03-14 09:00", "2026-03-15 09:00"):
            clock.set(day)
            job()
        [(name, details)] = told(school.sanjiang, WARNING)
        assert (name, details["public_on"], details["grade"]) == ("甲", "2026-03-16", LAST_DAY)
        assert len(told(school.manager, TEAM)) == 1

    def test_of_many_is_one_with_their_number_which_follows_them(
            self, session, school, make_customer, job, told, clock):
        for _ in range(6):
            make_customer(holder=school.sanjiang)
        clock.advance(days=3)
        job()
        [(name, details)] = told(school.sanjiang, WARNING)
        assert (name, details["number"]) == (None, 6)
        session.scalars(select(Notice).where(Notice.kind == WARNING)).one().read_at = clock()
        make_customer(holder=school.sanjiang, on=clock.today() - 3 * DAY)
        job()
        [notice] = session.scalars(select(Notice).where(Notice.kind == WARNING))
        assert (notice.details["number"], notice.is_read) == (7, False)

    def test_reaches_the_manager_of_the_department_and_no_other(
            self, session, school, make_customer, make_employee, job, told, clock):
        for role in school.manager.roles:
            role.scope = RowScope.DEPARTMENT
        here, there = make_employee(role="manager"), make_employee(department=1005, role="manager")
        make_customer(holder=school.sanjiang)
        assert school.sanjiang.department_code == here.department_code != there.department_code
        session.commit()
        clock.advance(days=3)
        job()
        assert len(told(here, TEAM)) == 1
        assert told(there, TEAM) == []

    def test_of_his_own_customers_a_manager_gets_as_a_consultant(self, session, school, make_customer, make_employee,
                                                                 job, told, clock):
        both = make_employee(role="manager")
        make_customer("甲", holder=both)
        clock.advance(days=3)
        job()
        assert len(told(both, WARNING)) == 1
        assert told(both, TEAM) == []


class TestAReminder:
    @pytest.fixture
    def planned(self, school, make_customer, make_follow_up, clock):
        """三江 is to contact 甲 tomorrow."""
        customer = make_customer("甲", holder=school.sanjiang)
        make_follow_up(customer, next_contact_on=clock.today() + DAY)
        return customer

    def test_comes_on_its_day_once_the_school_is_open(self, school, planned, job, told, clock):
        job()
        assert told(school.sanjiang, REMINDER) == []
        clock.advance(days=1)
        job(is_open=False)
        assert told(school.sanjiang, REMINDER) == []
        assert [bool(job()), job()] == [True, 0]
        assert told(school.sanjiang, REMINDER) == [("甲", {"next_contact_on": clock.today().isoformat()})]

    def test_that_nobody_could_give_comes_later_but_not_weeks_later(self, school, planned, floor, job, told, clock):
        floor.enrol(planned)
        clock.advance(days=20)
        job()
        assert told(school.sanjiang, REMINDER) == []
        clock.set("2026-03-05 09:00")
        job()
        assert told(school.sanjiang, REMINDER) == [("甲", {"next_contact_on": "2026-03-03"})]

    def test_is_not_given_of_who_was_contacted_given_away_or_lost(
            self, school, planned, make_customer, make_follow_up, floor, job, told, clock):
        tomorrow = clock.today() + DAY
        given, released = (make_customer(holder=school.sanjiang) for _ in range(2))
        for each in (given, released):
            make_follow_up(each, next_contact_on=tomorrow)
        clock.advance(days=1)
        floor.follow_up(planned, by=school.sanjiang)
        floor.assign(given, to=school.baoyu)
        floor.release(released)
        job()
        assert told(school.sanjiang, REMINDER) == told(school.baoyu, REMINDER) == []


class TestTheJob:
    def test_that_died_goes_on_and_tells_nothing_twice(self, session, school, make_customer, job, clock):
        for consultant in school.consultants:
            for _ in range(2):
                make_customer(holder=consultant)
        clock.advance(days=3)
        with pytest.raises(KeyboardInterrupt):
            job(batch=1, stop_after=2)
        session.rollback()
        assert 0 < session.scalar(select(func.count()).where(Notice.kind == WARNING)) < 6
        job(batch=1)
        assert session.scalar(select(func.count()).where(Notice.kind == WARNING)) == 6
        assert job() == 0

    def test_asks_no_more_for_many_customers_than_for_few(self, session, school, make_customer, job, clock,
                                                          count_queries):
        make_customer(holder=school.sanjiang)
        clock.advance(days=3)
        session.commit()
        with count_queries() as few:
            job()
        for consultant in school.consultants:
            for _ in range(4):
                make_customer(holder=consultant)
        clock.advance(days=3)
        session.commit()
        with count_queries() as many:
            job()
        assert many.count == few.count


@pytest.mark.race
@on_both_databases
@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "without the key"])
def test_two_jobs_at_once_warn_once(engine, session, school, make_customer, clock, guarded, monkeypatch):
    """With every notice under a key of its own, as if nothing stood behind them, both jobs warn of everybody."""
    for consultant in school.consultants:
        for _ in range(5):
            make_customer(holder=consultant)
    clock.advance(days=3)
    session.commit()
    together = threading.Barrier(2, timeout=20)
    if not guarded:
        give = warnings.notices.give
        monkeypatch.setattr(warnings.notices, "give", lambda session, news, *, now: give(session, [
            warnings.News(each.employee_id, each.kind, f"{each.key}/{threading.get_ident()}", each.customer_id,
                          each.details) for each in news], now=now))

    def run() -> None:
        with Session(engine) as own:
            together.wait()
            warnings.run(own, today=clock.today(), now=clock.now(), is_open=True,
                         on_batch=lambda *_counts: own.commit())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warned = session.scalar(select(func.count()).select_from(Notice).where(Notice.kind == WARNING))
    assert warned == (15 if guarded else 30)
