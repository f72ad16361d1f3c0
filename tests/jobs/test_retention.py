"""The retention job: once a day by a real worker, made good after a death, and asked for again and again in vain."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from sqlalchemy import select

from app import queue
from app.jobs import retention as job
from app.models import Customer, JobRun
from app.queue import Task
from app.services import school_settings
from app.services.school_settings import SchoolSettings
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until

LONG_AGO = dt.date(2023, 1, 1)


@pytest.fixture(autouse=True)
def two_years(session, school):
    school_settings.save(session, SchoolSettings(lead_retention_months=24))
    session.commit()


@pytest.fixture
def erased(session):
    def read() -> set[int]:
        session.rollback()
        found = set(session.scalars(select(Customer.id).where(Customer.erased_on.is_not(None))))
        session.rollback()
        return found

    return read


@pytest.mark.queue
@on_both_databases
class TestTheJob:
    def test_is_done_by_a_worker_and_stands_in_the_book(self, queue_app, backstage, make_customer, erased, book, clock):
        old = make_customer(on=LONG_AGO)
        make_customer()
        worker = backstage.worker()
        job_id = queue.enqueue(Task.RETENTION)
        wait_until(lambda: (state := queue.job_state(job_id)) is not None and state.is_over, seconds=60, what="the job")
        assert queue.job_state(job_id).result == {
            "as_of": clock.today().isoformat(), "leads": 1, "leavers": 0, "sessions": 0}
        assert erased() == {old.id}
        assert [run.finished_at is not None for run in book() if run.task == "retention"] == [True]
        assert "1 leads and 0 former employees erased" in worker.log

    def test_is_done_once_a_day(self, queue_app, session, make_customer, erased, clock):
        first = make_customer(on=LONG_AGO).id
        session.commit()
        assert job.run_if_due() is not None
        second = make_customer(on=LONG_AGO).id
        session.commit()
        assert job.run_if_due() is None
        assert erased() == {first}
        clock.advance(days=1)
        assert job.run_if_due() is not None
        assert erased() == {first, second}

    def test_that_died_is_made_good_within_the_hour(self, queue_app, session, make_customer, erased, book, clock):
        customer = make_customer(on=LONG_AGO)
        session.add(JobRun(task="retention", business_date=clock.today(), first_missed=clock.today(),
                           started_at=clock.now()))
        session.commit()
        assert job.run_if_due()["leads"] == 1
        assert erased() == {customer.id}
        [run] = [run for run in book() if run.task == "retention"]
        assert (run.runs, run.finished_at is not None) == (2, True)

    def test_leaves_no_name_in_the_log(self, queue_app, make_customer, caplog):
        make_customer("金丝雀", on=LONG_AGO, mobile="13977001188")
        with caplog.at_level(logging.DEBUG):
            job.run_if_due()
        assert "金丝雀" not in caplog.text
        assert "13977001188" not in caplog.text
