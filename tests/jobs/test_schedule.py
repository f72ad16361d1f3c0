"""The schedule on a real server: it neither loses a night nor doubles one, whatever happens to it."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

import pytest
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer

from app.jobs import schedule
from app.jobs.schedule import SCHEDULE, SchoolScheduler, keep_school_time, sync
from app.queue import ListedJob, Task, put, queue

pytestmark = pytest.mark.queue

NIGHTLY, CATCH_UP, RETENTION, RECOMPUTATION, DELIVERIES, WARNINGS = (task.scheduled_id for task in (
    Task.NIGHTLY, Task.CATCH_UP, Task.RETENTION, Task.RECOMPUTATION_CATCH_UP, Task.DELIVERIES, Task.WARNINGS))
EVERY = {NIGHTLY, CATCH_UP, RETENTION, RECOMPUTATION, DELIVERIES, WARNINGS}
KEY = SchoolScheduler.scheduled_jobs_key


class Death(BaseException):
    """The process is gone."""


@pytest.fixture(autouse=True)
def school_time():
    keep_school_time("Asia/Shanghai")


@pytest.fixture
def scheduler(redis_client):
    return SchoolScheduler(redis_client)


@pytest.fixture
def entries(redis_client):
    """What is scheduled: the instants by id."""
    def read() -> dict[str, float]:
        return {raw.decode(): at for raw, at in redis_client.zrange(KEY, 0, -1, withscores=True)}

    return read


@pytest.fixture
def waiting(redis_client):
    """The ids of the jobs that wait for a worker, but for what comes every minute and so at any moment."""
    return lambda: [job_id for job_id in queue(redis_client).job_ids if job_id != DELIVERIES]


@pytest.fixture
def is_late(redis_client):
    """Let an entry's time have passed."""
    def let(job_id: str, seconds: int = 60) -> float:
        due = int(time.time()) - seconds
        redis_client.zadd(KEY, {job_id: due})
        return due

    return let


class TestTheSchedule:
    def test_has_the_night_at_midnight_of_the_school_and_a_catch_up_every_hour(self, scheduler, entries):
        assert sync(scheduler)
        assert entries().keys() == EVERY
        midnight = dt.datetime.fromtimestamp(entries()[NIGHTLY], ZoneInfo("Asia/Shanghai"))
        assert (midnight.hour, midnight.minute) == (0, 0)
        assert 0 < entries()[CATCH_UP] - time.time() <= 3600

    @pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
    def test_follows_the_time_zone_of_the_school_and_not_of_the_machine(self, scheduler, entries, zone):
        keep_school_time(zone)
        sync(scheduler)
        midnight = dt.datetime.fromtimestamp(entries()[NIGHTLY], ZoneInfo(zone))
        assert (midnight.hour, midnight.minute) == (0, 0)

    def test_knows_zones_the_machine_has_no_file_for(self, scheduler, entries, monkeypatch):
        monkeypatch.setattr(schedule, "TZPATH", ())
        keep_school_time("Asia/Tokyo")
        sync(scheduler)
        midnight = dt.datetime.fromtimestamp(entries()[NIGHTLY], ZoneInfo("Asia/Tokyo"))
        assert (midnight.hour, midnight.minute) == (0, 0)

    def test_moves_when_the_school_moves_to_another_zone(self, scheduler, entries):
        sync(scheduler)
        keep_school_time("Asia/Tokyo")
        assert not sync(scheduler)
        midnight = dt.datetime.fromtimestamp(entries()[NIGHTLY], ZoneInfo("Asia/Tokyo"))
        assert (midnight.hour, midnight.minute) == (0, 0)

    def test_does_not_double_over_restarts(self, redis_client, entries):
        for _ in range(5):
            sync(SchoolScheduler(redis_client))
        assert entries().keys() == EVERY
        assert len(list(redis_client.scan_iter("rq:job:*"))) == len(EVERY)

    def test_entries_never_expire(self, scheduler, redis_client):
        sync(scheduler)
        for entry in SCHEDULE:
            assert redis_client.ttl(ListedJob.key_for(entry.task.scheduled_id)) == -1

    def test_keeps_an_overdue_night_at_a_restart(self, redis_client, scheduler, entries, is_late):
        sync(scheduler)
        due = is_late(NIGHTLY)
        sync(SchoolScheduler(redis_client))
        assert entries()[NIGHTLY] == due

    def test_keeps_an_overdue_night_even_if_its_entry_is_written_anew(self, redis_client, scheduler, entries, is_late,
                                                                      waiting):
        sync(scheduler)
        due = is_late(NIGHTLY)
        redis_client.delete(ListedJob.key_for(NIGHTLY))
        sync(scheduler)
        assert entries()[NIGHTLY] == due
        scheduler.tick()
        assert NIGHTLY in waiting()

    def test_puts_right_a_night_that_stands_too_late(self, redis_client, scheduler, entries):
        sync(scheduler)
        before = entries()[NIGHTLY]
        redis_client.zadd(KEY, {NIGHTLY: before + 10 * 86400})
        sync(scheduler)
        assert entries()[NIGHTLY] == before

    def test_drops_what_was_declared_once_and_keeps_what_runs_once(self, redis_client, scheduler, entries):
        sync(scheduler)
        for job_id, meta in (("scheduled-old", {"cron_string": "* * * * *"}), ("once", {})):
            Job.create(Task.RUN_NOW.value, id=job_id, connection=redis_client, serializer=JSONSerializer,
                       meta=meta, origin="default").save()
            redis_client.zadd(KEY, {job_id: time.time() + 600})
        sync(scheduler)
        assert entries().keys() == EVERY | {"once"}


class TestATick:
    def test_puts_what_is_due_into_the_queue_once_and_plans_the_next_night(self, scheduler, entries, waiting, is_late):
        sync(scheduler)
        is_late(NIGHTLY, seconds=5 * 86400)
        scheduler.tick()
        scheduler.tick()
        assert waiting().count(NIGHTLY) == 1
        assert 0 < entries()[NIGHTLY] - time.time() <= 86400

    def test_asks_for_a_catch_up_when_the_schedule_had_been_lost(self, redis_client, scheduler, entries, waiting):
        scheduler.tick()
        redis_client.flushall()
        scheduler.tick()
        assert entries().keys() == EVERY
        assert waiting() == [Task.CATCH_UP.job_id]

    def test_queues_what_still_waits_for_a_worker_no_second_time(self, scheduler, redis_client, entries, is_late):
        sync(scheduler)
        for _minute in range(3):
            is_late(DELIVERIES)
            scheduler.tick()
            assert queue(redis_client).job_ids.count(DELIVERIES) == 1
        assert entries()[DELIVERIES] > time.time()

    def test_of_two_schedulers_queues_a_night_once(self, redis_client, waiting, is_late):
        one, other = SchoolScheduler(redis_client), SchoolScheduler(redis_client)
        sync(one)
        is_late(NIGHTLY)
        assert one.acquire_lock()
        other.tick()
        assert waiting() == []
        one.remove_lock()
        other.tick()
        one.tick()
        assert waiting().count(NIGHTLY) == 1

    def test_does_not_give_back_a_lock_that_has_become_anothers(self, redis_client):
        one, other = SchoolScheduler(redis_client), SchoolScheduler(redis_client)
        assert one.acquire_lock()
        redis_client.delete(one.scheduler_lock_key)  # it took too long: the lock expired
        assert other.acquire_lock()
        one.remove_lock()
        assert not one.acquire_lock()

    @pytest.mark.parametrize("dies_at", ["rpush", "zrem", "zadd"])
    def test_heals_the_death_of_another_in_the_middle_of_it(self, redis_client, entries, waiting, is_late, monkeypatch,
                                                           dies_at):
        sync(SchoolScheduler(redis_client))
        is_late(NIGHTLY)
        victim = SchoolScheduler(redis_client)
        if dies_at == "rpush":
            monkeypatch.setattr(Queue, "enqueue_job", lambda *_args, **_kwargs: (_ for _ in ()).throw(Death))
        else:
            monkeypatch.setattr(redis_client, dies_at, lambda *_args, **_kwargs: (_ for _ in ()).throw(Death))
        with pytest.raises(Death):
            victim.enqueue_jobs()
        monkeypatch.undo()
        SchoolScheduler(redis_client).tick()
        assert NIGHTLY in waiting()
        assert 0 < entries()[NIGHTLY] - time.time() <= 86400


class TestPoison:
    @pytest.mark.parametrize("poison", ["no json", "no call", "no hash", "no id", "no date", "nothing"])
    def test_is_dropped_and_the_night_runs(self, redis_client, scheduler, entries, waiting, is_late, poison):
        sync(scheduler)
        is_late(NIGHTLY, seconds=10)
        job_id: str | bytes = "poison"
        key = ListedJob.key_for("poison")
        match poison:
            case "no json":
                redis_client.hset(key, mapping={"data": b"\x80\x04\x95", "origin": "default"})
            case "no call":
                redis_client.hset(key, mapping={"origin": "default"})
            case "no hash":
                redis_client.set(key, "text")
            case "no id":
                job_id = b"\xff:/ \n"
            case "no date":
                redis_client.hset(key, mapping={"data": b'["app.jobs.expiry.run_now", null, [], {}]',
                                                "created_at": "yesterday"})
        redis_client.zadd(KEY, {job_id: time.time() - 60})
        scheduler.tick()
        assert entries().keys() == EVERY
        assert NIGHTLY in waiting()

    def test_with_a_function_nobody_listed_is_taken_out(self, redis_client, scheduler, entries, waiting):
        Job.create("os.system", args=["true"], id="evil", connection=redis_client, serializer=JSONSerializer,
                   origin="default").save()
        redis_client.zadd(KEY, {"evil": time.time() - 60})
        scheduler.tick()
        assert "evil" not in entries()
        assert "evil" not in waiting()


class TestAskingForATask:
    def test_twice_is_asking_once(self, redis_client, waiting):
        for _ in range(3):
            put(queue(redis_client), Task.RUN_NOW)
        assert waiting() == [Task.RUN_NOW.job_id]

    @pytest.mark.parametrize("end", ["finished", "failed", "stopped"])
    def test_again_after_its_end_runs_it_again(self, redis_client, waiting, end):
        put(queue(redis_client), Task.RUN_NOW)
        redis_client.delete("rq:queue:default")
        redis_client.hset(ListedJob.key_for(Task.RUN_NOW.job_id), "status", end)
        put(queue(redis_client), Task.RUN_NOW)
        assert waiting() == [Task.RUN_NOW.job_id]

    def test_makes_room_where_a_worker_died_long_ago(self, redis_client, waiting):
        put(queue(redis_client), Task.RUN_NOW)
        redis_client.delete("rq:queue:default")
        redis_client.hset(ListedJob.key_for(Task.RUN_NOW.job_id),
                          mapping={"status": "started", "last_heartbeat": "2026-01-01T00:00:00.000000Z"})
        put(queue(redis_client), Task.RUN_NOW)
        assert waiting() == [Task.RUN_NOW.job_id]

    def test_makes_room_where_something_unreadable_stands(self, redis_client, waiting):
        redis_client.hset(ListedJob.key_for(Task.RUN_NOW.job_id), "last_heartbeat", "x")
        put(queue(redis_client), Task.RUN_NOW)
        assert waiting() == [Task.RUN_NOW.job_id]
