"""A real scheduler and real workers on a real server run the night, and outlive what happens to Redis and to them."""

from __future__ import annotations

import datetime as dt
import random
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from app.jobs.schedule import SCHEDULE, SchoolScheduler
from app.queue import Task
from tests.support.backstage import Backstage, seconds_at_most
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until
from tests.support.redis import find_redis_server

pytestmark = pytest.mark.queue

KEY = SchoolScheduler.scheduled_jobs_key
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def server(request):
    """The embedded Valkey; with `on_both_servers` Debian's redis-server too."""
    return request.getfixturevalue(getattr(request, "param", "valkey_server"))


on_both_servers = pytest.mark.parametrize("server", [
    "valkey_server", pytest.param("redis_server", marks=pytest.mark.skipif(
        find_redis_server() is None, reason="to run it: apt-get install redis-server"))], indirect=True)


@pytest.fixture
def backstage(tmp_path, database_url, server, clock_file):
    made = Backstage(tmp_path, database_url=database_url, redis_url=server.url, clock_file=clock_file)
    yield made
    made.stop()


@pytest.fixture
def ran(book):
    """Wait until the night of a date is in the book, finished."""
    def wait(day: dt.date, *, seconds: float = 40) -> None:
        wait_until(lambda: any(run.business_date == day and run.finished_at for run in book()), seconds=seconds,
                   what=f"the night of {day}")

    return wait


@on_both_servers
def test_the_night_is_run_by_the_clock(backstage, server, ran, hold, holdings, school, clock):
    hold(school.sanjiang, 3, received=clock.today() - 3 * ONE_DAY)
    backstage.scheduler().wait_for("scheduled-expiry-nightly: next run")
    worker = backstage.worker()
    ran(clock.today())  # the catch-up at the start
    assert {status for _, status, _ in holdings()} == {1}
    clock.advance(days=1)
    with server.connection() as connection:
        connection.zadd(KEY, {Task.NIGHTLY.scheduled_id: time.time() - 1})
    ran(clock.today())
    assert {status for _, status, _ in holdings()} == {3}
    worker.wait_for("3 closed by the follow-up rule, 0 by the deal rule")


def test_the_schedule_survives_restarts_of_everything(backstage, server, ran, book, clock):
    for _ in range(2):
        scheduler, worker = backstage.scheduler(), backstage.worker()
        ran(clock.today())
        scheduler.wait_for("Registering birth")
        worker.wait_for("Listening on")
        with server.connection() as connection:
            wait_until(lambda: connection.zcard(KEY) == len(SCHEDULE), seconds=20, what="the schedule")
        scheduler.stop()
        worker.stop()
        assert (scheduler.popen.returncode, worker.popen.returncode) == (0, 0)
        server.kill()
        server.start()
    with server.connection() as connection:
        assert connection.zcard(KEY) == len(SCHEDULE)
    assert len(book()) == 1


@on_both_servers
def test_redis_killed_and_back_empty_has_its_schedule_again_and_the_night_is_run(backstage, server, ran, clock):
    scheduler, worker = backstage.scheduler(), backstage.worker()
    ran(clock.today())
    scheduler.wait_for("scheduled-expiry-nightly: next run")
    for _ in range(2):
        server.kill()
        server.lose_data()
        time.sleep(2)
        clock.advance(days=1)
        server.start()
        with seconds_at_most(60, "the return of the schedule"):
            with server.connection() as connection:
                wait_until(lambda: connection.zcard(KEY) == len(SCHEDULE), seconds=60, what="the schedule")
            ran(clock.today(), seconds=60)
    assert scheduler.popen.poll() is None
    assert worker.popen.poll() is None


@on_both_databases
def test_redis_flushed_has_its_schedule_again(backstage, server, ran, clock):
    backstage.scheduler()
    backstage.worker()
    ran(clock.today())
    with server.connection() as connection:
        wait_until(lambda: connection.zcard(KEY) == len(SCHEDULE), seconds=20, what="the schedule")
        connection.flushall()
        clock.advance(days=1)
        wait_until(lambda: connection.zcard(KEY) == len(SCHEDULE), seconds=20, what="the schedule")
        ran(clock.today())


def test_a_killed_worker_takes_its_work_horse_along_and_the_next_one_runs_the_night(
        backstage, ran, book, engine, hold, holdings, school, clock):
    hold(school.sanjiang, 5, received=clock.today() - 9 * ONE_DAY)
    with engine.connect() as blocking:
        blocking.execute(text("UPDATE setting SET value = value"))  # SQLite's one write lock: the run must wait
        worker = backstage.worker()
        worker.wait_for("default: expiry-catch-up")
        horses: list[str] = []

        def horse_is_there() -> bool:
            horses[:] = _children(worker.pid)
            return bool(horses)

        wait_until(horse_is_there, seconds=10, what="the work-horse")
        worker.kill()
        wait_until(lambda: not any(_is_alive(int(pid)) for pid in horses), seconds=5, what="the work-horse's end")
        blocking.rollback()
    backstage.worker()
    ran(clock.today())
    assert {status for _, status, _ in holdings()} == {3}


def test_a_worker_and_a_scheduler_wait_for_redis_to_come(backstage, server, ran, clock):
    server.kill()
    scheduler, worker = backstage.scheduler(), backstage.worker()
    scheduler.wait_for("Redis does not answer, waiting for it")
    worker.wait_for("Redis does not answer, waiting for it")
    server.start()
    ran(clock.today())
    scheduler.wait_for("Redis answers again")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_stop_at_once_when_told(backstage, ran, clock, number):
    processes = [backstage.scheduler(), backstage.worker()]
    ran(clock.today())
    processes[0].wait_for("Registering birth")
    with seconds_at_most(5, "stopping"):
        for process in processes:
            process.signal(number)
        assert [process.popen.wait(10) for process in processes] == [0, 0]


def test_both_stop_when_told_although_redis_has_gone(backstage, server, ran, clock):
    """As when a whole machine goes down: whichever ends first, none waits for another for ever."""
    processes = [backstage.scheduler(), backstage.worker()]
    ran(clock.today())
    processes[0].wait_for("Registering birth")
    server.kill()
    for process in processes:
        process.signal(signal.SIGTERM)
    assert [process.popen.wait(15) for process in processes] == [0, 0]


@pytest.mark.kill
def test_a_worker_stops_at_whatever_moment_it_is_told_once(backstage, server):
    chance = random.Random(7)
    for _ in range(6):
        worker = backstage.worker()
        wait_until(lambda: _listens_to_signals(worker.pid), seconds=30, what="the beginning")  # noqa: B023
        time.sleep(chance.uniform(0, 0.3))
        worker.signal(signal.SIGTERM)
        assert worker.popen.wait(15) == 0, worker.log


def _listens_to_signals(pid: int) -> bool:
    """Whether the process catches SIGTERM by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


