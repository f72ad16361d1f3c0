"""Large orders: carried out by a worker with progress, killed anywhere, and ended as if nothing had been."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from app import queue
from app.admin import transfers as screens
from app.models import Customer, Distribution, Employee, Transfer, TransferLine
from app.models.choices import LeaverLogin, LineState, TaskProblem, TaskState
from app.queue import ListedJob
from app.services import transfers
from app.services.transfers import Plan
from tests.support.backstage import Backstage
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until
from tests.support.sizes import FULL_SIZE

pytestmark = on_both_databases

HAND_OVER, TASKS = "/admin/transfer/hand-over/", "/admin/tasks/"


def ordered(session, by: Employee, leaver: Employee, recipients, clock) -> Transfer:
    """A hand-over of everybody who is with somebody, whose login ends with it; written down, and not begun."""
    transfer = transfers.order(
        session, by, transfers.with_employee(leaver.id, clock.today()),
        Plan(tuple(each.id for each in recipients), leaver=leaver, deactivates=True), today=clock.today(),
        now=clock.now())
    session.commit()
    return transfer


class TestByAWorker:
    pytestmark = pytest.mark.queue

    @pytest.fixture(autouse=True)
    def few_are_many(self, monkeypatch):
        monkeypatch.setattr(screens, "AT_ONCE", 2)

    @pytest.fixture
    def asked(self, served, hold, school, clock, session):
        """The admin has handed over 三江's five customers, and nobody has begun."""
        hold(school.sanjiang, 5, received=clock.today())
        admin = served("admin")
        admin.submit("/locale", {"locale": "en"})
        answer = admin.submit(HAND_OVER, {
            "employee": school.sanjiang.id, "way": "give", "deactivate": "1", "shown": f"{school.sanjiang.id}.5.0.0",
            "consultant_id": [school.baoyu.id, school.dasha.id]})
        assert answer.status_code == 302
        session.rollback()
        self.result = answer.location
        return admin

    @pytest.fixture
    def order(self, session):
        def read() -> Transfer:
            session.rollback()
            session.expire_all()
            found = session.scalars(select(Transfer)).one()
            assert found.task is not None
            session.refresh(found.task)
            session.refresh(found)
            states = transfers.states(session, found.id)
            session.commit()
            found.numbers = states
            return found

        return read

    def do_it_here(self) -> None:
        for job_id in queue.queue().job_ids:
            ListedJob.fetch(job_id, connection=queue.connection()).perform()
            queue.queue().empty()

    def test_it_is_followed_to_its_result(self, asked, order):
        assert "Waiting for a worker" in asked.get(self.result).text
        state = asked.get(f"/admin/transfer/state/?id={order().id}").json
        assert (state["over"], state["done"], state["total"]) == (False, 0, 5)
        self.do_it_here()
        assert order().task.state is TaskState.FINISHED
        assert (order().task.done, order().login) == (5, LeaverLogin.ENDED)
        assert order().numbers == {LineState.MOVED: 5}
        page = asked.get(TASKS).text
        assert f"/admin/transfer/result/?id={order().id}" in page
        assert "not kept any longer" not in page
        assert "The login was deactivated." in asked.get(self.result).text

    def test_a_real_worker_does_it(self, asked, backstage, order):
        backstage.worker()
        wait_until(lambda: order().task.is_over, seconds=60, what="the end of the order")
        assert order().numbers == {LineState.MOVED: 5}

    def test_cancelled_it_stops_and_can_be_taken_up_again(self, asked, order, monkeypatch):
        monkeypatch.setattr(transfers, "BATCH", 1)
        number = order().task_id
        asked.submit(f"{TASKS}{number}/cancel")
        self.do_it_here()
        assert order().numbers == {LineState.WAITING: 5}
        assert asked.submit(f"{TASKS}{number}/again").status_code == 302
        self.do_it_here()
        assert order().numbers == {LineState.MOVED: 5}

    def test_a_right_that_was_taken_away_ends_it_refused(self, asked, order, session, school):
        school.admin.roles = [school.roles["auditor"]]
        session.commit()
        self.do_it_here()
        assert order().task.problem is TaskProblem.NOT_ALLOWED
        assert order().numbers == {LineState.WAITING: 5}

    def test_what_goes_wrong_is_said_and_undone(self, asked, order, monkeypatch, caplog):
        monkeypatch.setattr(transfers, "_end_login", lambda *_: 1 / 0)
        self.do_it_here()
        assert order().task.problem is TaskProblem.ERROR
        assert order().numbers == {LineState.WAITING: 5}, "the batch was one transaction"
        assert "ZeroDivisionError" in caplog.text

    def test_without_a_queue_nothing_is_ordered(self, hold, login, school, clock, session):
        hold(school.sanjiang, 5, received=clock.today())
        answer = login("admin").submit(HAND_OVER, {
            "employee": school.sanjiang.id, "way": "release", "shown": f"{school.sanjiang.id}.5.0.0"},
            headers={"Accept": "application/json"})
        assert answer.status_code == 503
        assert session.scalars(select(Transfer)).all() == []


@pytest.mark.kill
def test_killed_at_twenty_points_it_ends_as_if_undisturbed(tmp_path, database_url, clock_file, hold, session, school,
                                                           make_employee, clock):
    number = 2000 if FULL_SIZE else 300
    recipients, other = (school.baoyu, school.dasha), make_employee("另一个")
    for leaver in (school.sanjiang, other):
        hold(leaver, number, received=clock.today())
    control, killed = (ordered(session, school.admin, leaver, recipients, clock) for leaver in (school.sanjiang, other))
    numbers = control.id, killed.id
    session.rollback()
    backstage = Backstage(tmp_path, database_url=database_url, redis_url="unix:///nowhere.sock", clock_file=clock_file)
    try:
        assert backstage.sweeper(10, numbers[0]).run()
        sweeper, chance = backstage.sweeper(10, numbers[1]), random.Random(20)
        ends = [sweeper.run(kill_after=chance.randrange(3), and_seconds=chance.uniform(0, 0.02)) for _ in range(20)]
        left = transfers.states(session, numbers[1])
        session.rollback()
        assert sweeper.run()
    finally:
        backstage.stop()
    assert not any(ends), "one came to its end before it was killed"
    assert 0 < left[LineState.WAITING] < number
    assert story(session, killed) == story(session, control)
    assert killed.login is LeaverLogin.ENDED


def story(session, transfer: Transfer) -> list[tuple]:
    """What has become of each customer of an order, in its order."""
    session.rollback()
    session.refresh(transfer)
    assert transfer.is_over
    rows: dict[int, list[tuple]] = {}
    for row in session.scalars(select(Distribution).order_by(Distribution.id)):
        whose = "leaver" if row.consultant_id == transfer.leaver_id else row.consultant_id
        rows.setdefault(row.customer_id, []).append((whose, row.status, row.origin, row.started_on, row.ended_on))
    found = session.execute(select(Customer, TransferLine).join(TransferLine, TransferLine.customer_id == Customer.id)
                            .where(TransferLine.transfer_id == transfer.id).order_by(Customer.id))
    return [(customer.consultant_id, customer.public_on, line.state, line.recipient_id, rows[customer.id])
            for customer, line in found]
