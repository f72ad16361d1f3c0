"""Retention periods: whose data have been kept long enough is erased by itself, and nobody else's."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditAction, AuditEntry, Customer, Employee, JobRun, LoginSession
from app.models.choices import SessionEnd
from app.services import job_runs, retention, sessions
from app.services.retention import Forgotten, months_before
from app.services.school_settings import SchoolSettings
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

TWO_YEARS = SchoolSettings(lead_retention_months=24)
ONE_DAY = dt.timedelta(days=1)


class Death(BaseException):
    """The process is gone."""


@pytest.fixture
def run(engine, session, clock):
    """`run(settings)` does what the job does, in a session of its own; `dies_after` so many commits."""
    def act(settings: SchoolSettings = TWO_YEARS, *, batch: int = 2, dies_after: int | None = None) -> Forgotten:
        session.commit()
        commits = 0
        with Session(engine) as own:
            def commit(_done: int, _total: int) -> None:
                nonlocal commits
                if commits == dies_after:
                    raise Death
                own.commit()
                commits += 1

            return retention.run(own, settings, today=clock.today(), now=clock.now, on_batch=commit, batch=batch)

    return act


@pytest.fixture
def erased(session):
    """The numbers of those who are erased."""
    def read(model=Customer) -> set[int]:
        session.expire_all()
        found = set(session.scalars(select(model.id).where(model.erased_on.is_not(None))))
        session.commit()
        return found

    return read


LONG_AGO = dt.date(2024, 3, 1)
"""The day before two years ago."""


class TestALead:
    def test_is_erased_once_the_last_contact_is_longer_ago_than_decided(self, run, erased, make_customer, school):
        old = make_customer(holder=school.sanjiang, on=LONG_AGO)
        make_customer(holder=school.sanjiang, on=LONG_AGO + ONE_DAY)
        make_customer()
        assert run() == Forgotten(leads=1, leavers=0, sessions=0)
        assert erased() == {old.id}

    def test_is_kept_for_ever_where_nothing_is_decided(self, run, erased, make_customer):
        make_customer(on=LONG_AGO)
        assert run(SchoolSettings()) == Forgotten(0, 0, 0)
        assert erased() == set()

    def test_that_somebody_holds_stays(self, run, erased, make_customer, school, floor, clock):
        locked = make_customer(holder=school.sanjiang, on=LONG_AGO)
        locked.locked_until = locked.public_on = clock.today() + ONE_DAY
        run()
        assert erased() == set()

    def test_that_enrolled_stays_even_if_that_was_undone(self, run, erased, make_customer, school, floor, clock):
        once, now = (make_customer(holder=school.sanjiang) for _ in range(2))
        for each in (once, now):
            floor.enrol(each)
        floor.undo(once)
        clock.set("2030-01-01 09:00")
        run()
        assert erased() == set()

    def test_that_is_claimed_meanwhile_stays(self, engine, session, run, erased, make_customer, school, floor,
                                             monkeypatch):
        """Between finding out who is due and locking him."""
        customer = make_customer(holder=school.sanjiang, on=LONG_AGO)
        find = retention.quotes.find

        def claim_first(*args, **kwargs):
            args[0].commit()
            assert floor.claim(customer, school.baoyu).won
            return find(*args, **kwargs)

        monkeypatch.setattr(retention.quotes, "find", claim_first)
        assert run().leads == 0
        assert erased() == set()
        assert customer.name != f"#{customer.id}"

    def test_is_no_longer_quoted_in_what_was_written_of_others(self, session, run, make_customer, make_follow_up,
                                                               school):
        for number in range(30):  # more than the database is asked to look for by itself
            make_customer(on=LONG_AGO, mobile=f"138000000{number:02}")
        other = make_customer(holder=school.baoyu)
        record = make_follow_up(other, "他同学 138 0000 0007 或一三八零零零零零零零八, 13900000007")
        assert run().leads == 30
        session.refresh(record)
        assert record.note == "他同学 •••• 或••••, 13900000007"

    def test_says_in_the_log_that_the_time_was_up(self, session, run, make_customer):
        make_customer(on=LONG_AGO)
        run()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.PERSON_ERASED)).one()
        assert entry.facts == {"reason": "retention"}


class TestALeaver:
    @pytest.fixture
    def leave(self, session):
        def act(employee: Employee) -> None:
            employee.active = False
            session.commit()
        return act

    ONE_YEAR = SchoolSettings(leaver_retention_months=12)

    def test_is_erased_so_long_after_the_login_was_deactivated(self, session, run, erased, make_employee, leave, clock):
        first, second, returned, back = (make_employee() for _ in range(4))
        audit_as_of(session, clock)
        leave(first)
        leave(returned)
        clock.advance(days=200)
        returned.active = True
        session.commit()
        leave(second)
        leave(returned)
        assert back.active
        clock.advance(days=166)
        assert run(self.ONE_YEAR).leavers == 1
        assert erased(Employee) == {first.id}

    def test_stays_if_nobody_knows_when_that_was(self, session, run, erased, make_employee, clock):
        make_employee(active=False)
        session.commit()
        clock.set("2040-01-01 09:00")
        assert run(SchoolSettings()).leavers == 0
        assert erased(Employee) == set()

    def test_who_still_holds_customers_is_left_to_people(self, session, run, erased, school, make_customer, leave,
                                                         clock, floor):
        audit_as_of(session, clock)
        held = make_customer(holder=school.sanjiang)
        leave(school.sanjiang)
        clock.advance(days=800)
        held.locked_until = held.public_on = clock.today() + ONE_DAY
        assert run(self.ONE_YEAR).leavers == 0
        assert erased(Employee) == set()


def audit_as_of(session, clock):
    """Let the log go by the clock of the tests."""
    from app.services import audit

    audit.act_as(session, audit.Actor("test", clock))


class TestSessions:
    def test_that_ended_longer_ago_than_decided_are_forgotten(self, session, run, school, clock):
        for days in (91, 89):
            login = sessions.begin(session, school.sanjiang, now=clock.now() - days * ONE_DAY, address="192.0.2.1",
                                   user_agent=None)
            sessions.end(login, SessionEnd.LOGGED_OUT, now=clock.now() - days * ONE_DAY)
        sessions.begin(session, school.sanjiang, now=clock.now(), address="192.0.2.1", user_agent=None)
        assert run().sessions == 1
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 2


class TestARun:
    def test_stands_in_the_book_under_its_own_name(self, session, run, clock):
        run()
        run()
        [entry] = session.scalars(select(JobRun))
        assert (entry.task, entry.business_date, entry.runs) == ("retention", clock.today(), 2)
        assert entry.finished_at is not None
        assert job_runs.is_due(session, job_runs.EXPIRY, clock.today())
        assert not job_runs.is_due(session, job_runs.RETENTION, clock.today())

    @pytest.mark.parametrize("dies_after", range(7))
    def test_that_dies_anywhere_is_made_good_by_the_next(self, session, run, erased, make_customer, clock, dies_after):
        ids = {make_customer(on=LONG_AGO).id for _ in range(6)}
        with pytest.raises(Death):
            run(dies_after=dies_after)
        assert job_runs.is_due(session, job_runs.RETENTION, clock.today())
        session.commit()
        done = len(erased())
        assert done <= 6
        assert run().leads == 6 - done
        assert erased() == ids

    def test_asks_only_once_about_texts_however_many_leads_are_due(self, run, make_customer, count_queries):
        numbers = []
        for _ in range(2):
            for _ in range(4):
                make_customer(on=LONG_AGO)
            with count_queries() as queries:
                run(batch=100)
            numbers.append(sum("follow_up.note" in statement and "WHERE follow_up.id >" in statement
                               for statement in queries.statements))
        assert numbers == [1, 1]


@pytest.mark.parametrize(("day", "months", "before"), [
    ("2026-03-02", 24, "2024-03-02"), ("2026-03-31", 1, "2026-02-28"), ("2024-03-31", 1, "2024-02-29"),
    ("2026-01-15", 1, "2025-12-15"), ("2026-12-31", 12, "2025-12-31"), ("2026-01-31", 240, "2006-01-31")])
def test_months_are_counted_by_the_calendar(day, months, before):
    assert months_before(dt.date.fromisoformat(day), months).isoformat() == before
