"""The night and its book: run late, twice, by two at once, half-way or not for a month, it ends the same."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from sqlalchemy.orm import Session

from app.errors import DomainError
from app.services import job_runs, nightly
from app.services.expiry import Expired
from tests.support.backstage import Backstage
from tests.support.databases import on_both_databases
from tests.support.sizes import FULL_SIZE

pytestmark = on_both_databases

ONE_DAY = dt.timedelta(days=1)
NO_FOLLOW_UP, NO_DEAL = 3, 4


class Death(BaseException):
    """The process is gone."""


@pytest.fixture
def night(engine, clock):
    """`night()` runs it for today in a session of its own, as the job does; `dies_after` so many commits."""
    def run(as_of: dt.date | None = None, *, batch: int = 1000, dies_after: int | None = None) -> Expired:
        commits = 0
        with Session(engine) as session:
            def commit(_done: int, _total: int) -> None:
                nonlocal commits
                if commits == dies_after:
                    raise Death
                session.commit()
                commits += 1

            return nightly.run(session, as_of or clock.today(), today=clock.today(), now=clock.now, batch=batch,
                               on_batch=commit)

    return run


class TestTheBook:
    def test_says_how_many_each_rule_closed(self, night, hold, book, school, clock):
        hold(school.sanjiang, 3, received=clock.today() - 4 * ONE_DAY)
        hold(school.baoyu, 2, received=clock.today() - 20 * ONE_DAY, followed_up=clock.today() - ONE_DAY)
        assert night() == Expired(closed_follow_up=3, closed_deal=2)
        [run] = book()
        assert (run.closed_follow_up, run.closed_deal, run.runs) == (3, 2, 1)
        assert (run.business_date, run.first_missed) == (clock.today(), clock.today())
        assert run.finished_at is not None

    def test_has_one_row_for_a_date_however_often_it_runs_and_the_second_time_counts_nothing(
            self, night, hold, book, school, clock):
        hold(school.sanjiang, 3, received=clock.today() - 4 * ONE_DAY)
        assert night() == Expired(closed_follow_up=3)
        assert night() == Expired()
        [run] = book()
        assert (run.closed_follow_up, run.runs) == (3, 2)

    def test_refuses_a_night_that_has_not_come(self, night, book, clock):
        with pytest.raises(DomainError) as refused:
            night(clock.today() + ONE_DAY)
        assert refused.value.field == "as_of"
        assert book() == []

    def test_knows_what_a_dead_run_had_done_and_the_next_takes_it_over(self, night, hold, book, school, clock):
        hold(school.sanjiang, 10, received=clock.today() - 4 * ONE_DAY)
        with pytest.raises(Death):
            night(batch=2, dies_after=3)  # the beginning and two batches
        [run] = book()
        assert (run.closed_follow_up, run.finished_at) == (4, None)
        assert night() == Expired(closed_follow_up=6)
        [run] = book()
        assert (run.closed_follow_up, run.runs) == (10, 2)
        assert run.finished_at is not None

    def test_a_death_before_the_end_leaves_the_night_due(self, night, session, clock):
        with pytest.raises(Death):
            night(dies_after=1)
        assert job_runs.is_due(session, job_runs.EXPIRY, clock.today())
        session.rollback()
        night()
        assert not job_runs.is_due(session, job_runs.EXPIRY, clock.today())

    def test_of_an_earlier_date_leaves_today_due(self, night, session, clock):
        night(clock.today() - ONE_DAY)
        assert job_runs.is_due(session, job_runs.EXPIRY, clock.today())


class TestMissedNights:
    @pytest.mark.parametrize("missed", [1, 3, 30])
    def test_one_catch_up_equals_running_each_night(self, missed, night, hold, holdings, book, reopen, school, clock):
        first = clock.today()
        chance = random.Random(missed)
        for holder in school.consultants:
            for _ in range(12):
                received = first - chance.randrange(-missed, 25) * ONE_DAY
                hold(holder, 2, received=received, followed_up=received + chance.randrange(15) * ONE_DAY)
        night()
        for _ in range(missed + 1):
            clock.advance(days=1)
            night()
        each_night = holdings()
        assert len(book()) == missed + 2
        reopen()

        clock.set(first)
        night()
        clock.advance(days=missed + 1)
        night()
        assert holdings() == each_night
        assert {status for _, status, _ in each_night} >= {NO_FOLLOW_UP}
        _, caught_up = book()
        assert caught_up.first_missed == first + ONE_DAY
        assert caught_up.business_date == first + (missed + 1) * ONE_DAY


class TestTwoAtOnce:
    @pytest.mark.race
    def test_share_the_work_and_count_each_holding_once(self, night, hold, holdings, book, school, clock):
        number = 300
        hold(school.sanjiang, number, received=clock.today() - 4 * ONE_DAY)
        closed: list[Expired] = []
        start = threading.Barrier(4)

        def sweep() -> None:
            start.wait()
            closed.append(night(batch=7))

        sweeps = [threading.Thread(target=sweep) for _ in range(4)]
        for thread in sweeps:
            thread.start()
        for thread in sweeps:
            thread.join()
        assert sum(closed, Expired()) == Expired(closed_follow_up=number)
        [run] = book()
        assert (run.closed_follow_up, run.runs) == (number, 4)
        assert run.finished_at is not None
        assert {status for _, status, _ in holdings()} == {NO_FOLLOW_UP}


class TestKilled:
    @pytest.mark.kill
    def test_at_twenty_random_points_it_ends_as_if_undisturbed(
            self, tmp_path, database_url, clock_file, hold, holdings, book, reopen, school, clock):
        each, batch = (67_000, 1000) if FULL_SIZE else (1000, 10)
        for holder, days in zip(school.consultants, (4, 9, 21), strict=True):
            hold(holder, each, received=clock.today() - days * ONE_DAY)
        backstage = Backstage(tmp_path, database_url=database_url, redis_url="unix:///nowhere.sock",
                              clock_file=clock_file)
        try:
            sweeper = backstage.sweeper(batch=batch)
            assert sweeper.run()
            undisturbed = holdings()
            reopen()
            chance = random.Random(20)
            ends = [sweeper.run(kill_after=chance.randrange(14), and_seconds=chance.uniform(0, 0.004))
                    for _ in range(20)]
            left = sum(status == 1 for _, status, _ in holdings())
            assert sweeper.run()
        finally:
            backstage.stop()
        assert holdings() == undisturbed
        [run] = book()
        assert (run.closed_follow_up, run.closed_deal) == (3 * each, 0)
        assert run.finished_at is not None
        assert not any(ends), "one came to its end before it was killed"
        assert 0 < left < 3 * each
