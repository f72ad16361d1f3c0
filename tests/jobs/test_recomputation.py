"""The recomputation as a job: asked for by a change of rules, gone on with, killed, owed."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from sqlalchemy import select

from app.jobs import recomputation as job
from app.models import BackgroundTask, Customer
from app.models.choices import TaskKind, TaskState
from app.services import background_tasks, pool_rules, recomputation, rule_book
from app.services.pool_rules import SCHOOL
from tests.support.backstage import Backstage
from tests.support.databases import on_both_databases
from tests.support.sizes import FULL_SIZE

pytestmark = on_both_databases

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def decide(session):
    """`decide(deal_days=20)` changes the school's rules."""
    def save(**said) -> None:
        pool_rules.save(session, SCHOOL, pool_rules.said_by(rule_book.load(session), SCHOOL) | said)
        session.commit()

    return save


@pytest.fixture
def falls(session):
    """When each customer falls."""
    def read() -> dict[int, tuple]:
        session.rollback()
        found = {row.id: (row.public_on, row.public_as) for row in session.execute(
            select(Customer.id, Customer.public_on, Customer.public_as))}
        session.rollback()
        return found

    return read


@pytest.fixture
def task(session, school, clock):
    """The task of whoever has changed the rules."""
    found = background_tasks.start(session, school.admin.id, TaskKind.RECOMPUTATION, "poolrules", {}, total=3,
                                   now=clock.now())
    session.commit()
    return found


@pytest.fixture
def run(session):
    """`run(task)` does a task as a worker does."""
    def do(task: BackgroundTask) -> None:
        task_id = task.id
        session.commit()  # on SQLite an open transaction would keep the job from writing
        try:
            job.run(task_id)
        finally:
            session.expire_all()

    return do


class TestTheJob:
    def test_does_what_was_asked_for_and_says_what_came_of_it(self, queue_app, run, decide, hold, task, falls, school,
                                                              clock, session):
        hold(school.sanjiang, 3, received=clock.today())
        decide(follow_up_days=6)
        run(task)
        assert {public_on for public_on, _ in falls().values()} == {clock.today() + 7 * ONE_DAY}
        session.expire_all()
        assert (task.state, task.done, task.total) == (TaskState.FINISHED, 3, 3)
        assert (task.arguments["earlier"], task.arguments["later"]) == (0, 3)
        assert not recomputation.is_owed(session)

    def test_goes_on_where_it_was_killed(self, queue_app, run, decide, hold, task, school, clock, session, monkeypatch):
        monkeypatch.setattr(recomputation, "BATCH", 2)
        hold(school.sanjiang, 6, received=clock.today())
        decide(follow_up_days=6)
        commits = []
        steps = background_tasks.step

        def dies(*args, **kwargs) -> None:
            if len(commits) == 2:
                raise KeyboardInterrupt
            steps(*args, **kwargs)
            commits.append(kwargs["done"])

        with monkeypatch.context() as dying:
            dying.setattr(background_tasks, "step", dies)
            with pytest.raises(KeyboardInterrupt):
                run(task)
        session.rollback()
        assert (task.state, task.done) == (TaskState.RUNNING, 4)
        assert recomputation.is_owed(session)
        background_tasks.again(task, now=clock.now())
        session.commit()
        run(task)
        assert (task.state, task.done, task.arguments["later"]) == (TaskState.FINISHED, 6, 6)

    def test_begins_anew_if_the_rules_have_changed_meanwhile(self, queue_app, run, decide, hold, task, school, clock,
                                                             session, falls):
        hold(school.sanjiang, 3, received=clock.today())
        task.arguments = {"state": "another", "after": 10**6, "done": 2, "earlier": 0, "later": 2, "total": 3}
        session.commit()
        decide(follow_up_days=4)
        run(task)
        assert {public_on for public_on, _ in falls().values()} == {clock.today() + 5 * ONE_DAY}

    def test_that_was_cancelled_does_nothing(self, queue_app, run, decide, hold, task, school, clock, session, falls):
        hold(school.sanjiang, 3, received=clock.today())
        before = falls()
        decide(follow_up_days=6)
        background_tasks.cancel(session.get_one(BackgroundTask, task.id), now=clock.now())
        session.commit()
        run(task)
        assert falls() == before


class TestTheCatchUp:
    def test_does_what_is_owed_once(self, queue_app, decide, hold, school, clock, session, falls):
        hold(school.sanjiang, 3, received=clock.today())
        decide(deal_days=2)
        assert job.catch_up()["earlier"] == 3
        assert {public_on for public_on, _ in falls().values()} == {clock.today() + 3 * ONE_DAY}
        assert job.catch_up() is None


@pytest.mark.kill
def test_killed_at_twenty_random_points_it_ends_as_if_undisturbed(
        tmp_path, database_url, clock_file, hold, decide, falls, school, clock, session):
    each, batch = (67_000, 1000) if FULL_SIZE else (1000, 10)
    for holder, days in zip(school.consultants, (0, 1, 2), strict=True):
        hold(holder, each, received=clock.today() - days * ONE_DAY)
    before = falls()
    decide(follow_up_days=6)
    backstage = Backstage(tmp_path, database_url=database_url, redis_url="unix:///nowhere.sock", clock_file=clock_file)
    try:
        sweeper = backstage.sweeper(batch, "recomputation")
        assert sweeper.run()
        undisturbed = falls()
        assert not recomputation.is_owed(session)
        _put_back(session, before)
        decide(follow_up_days=6)
        chance = random.Random(20)
        ends = [sweeper.run(kill_after=chance.randrange(14), and_seconds=chance.uniform(0, 0.004)) for _ in range(20)]
        moved = sum(after != before[row_id] for row_id, after in falls().items())
        owed = recomputation.is_owed(session)
        session.rollback()
        assert sweeper.run()
    finally:
        backstage.stop()
    assert falls() == undisturbed
    assert not any(ends), "one came to its end before it was killed"
    assert owed
    assert 0 < moved < 3 * each


def _put_back(session, falls) -> None:
    session.rollback()
    for customer in session.scalars(select(Customer)):
        customer.public_on, customer.public_as = falls[customer.id]
    session.commit()
