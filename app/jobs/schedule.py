"""The declared schedule, and everything about rq-scheduler: its traps are sprung in this file only.

- Its cron follows the time zone of the process, so a process that registers or runs it keeps the school's
  (`keep_school_time`).
- An entry is lost if the scheduler dies between taking it out and putting it back, or if Redis comes back empty:
  `sync` puts back what is missing, and asks for a catch-up, whenever it looks, which is at every tick.
- Registering an entry again would move an overdue run to the next night: `sync` leaves the time alone then.
- A job that cannot be read kills it: `SchoolScheduler` drops that one and goes on.
- Its lock is deleted by whoever held it last: here it carries its owner's token.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from zoneinfo import TZPATH

import redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.queue import Queue
from rq_scheduler import Scheduler
from rq_scheduler.utils import get_next_scheduled_time, to_unix

from app import queue
from app.queue import ListedJob, Task

log = logging.getLogger(__name__)


@contextmanager
def _its_warnings_unsaid() -> Iterator[None]:
    """Without the warnings for rq-scheduler's authors: on utcnow(), and on its cron parser's next version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


@dataclass(frozen=True)
class Entry:
    """A task that runs by the clock on the wall of the school."""

    task: Task
    cron: str


SCHEDULE = (
    Entry(Task.NIGHTLY, "0 0 * * *"),
    Entry(Task.WARNINGS, "0 * * * *"),
    Entry(Task.CATCH_UP, "30 * * * *"),
    Entry(Task.RETENTION, "15 * * * *"),
    Entry(Task.RECOMPUTATION_CATCH_UP, "45 * * * *"),
    Entry(Task.DELIVERIES, "* * * * *"),
)


def keep_school_time(zone: str) -> None:
    """Give this process, and those it starts, the school's time zone."""
    known = any((Path(folder) / zone).is_file() for folder in TZPATH)
    os.environ["TZ"] = zone if known else f":{files('tzdata') / 'zoneinfo' / zone}"
    time.tzset()


class SchoolScheduler(Scheduler):
    """rq-scheduler with our kind of jobs, our queue, an owner's lock, and no death by a bad job."""

    def __init__(self, connection: redis.Redis, interval: int = 5) -> None:
        super().__init__(queue_name=queue.QUEUE, connection=connection, job_class=ListedJob, interval=interval)
        self._queue = queue.queue(connection)
        self._token = uuid.uuid4().hex

    def get_queue_for_job(self, _job: Job) -> Queue:
        """Always ours: a job's own wish could name any class."""
        return self._queue

    def acquire_lock(self) -> bool:
        self._lock_acquired = bool(self.connection.set(self.scheduler_lock_key, self._token,
                                                       ex=int(self._interval) + 10, nx=True))
        return self._lock_acquired

    def remove_lock(self) -> None:
        if self._lock_acquired:
            self.connection.eval("if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end",
                                 1, self.scheduler_lock_key, self._token)
            self._lock_acquired = False

    def enqueue_jobs(self) -> list[str]:
        """Move what is due into the queue; what fails is dropped, and put back by the next `sync` if it is ours."""
        due = cast(list[bytes], self.connection.zrangebyscore(self.scheduled_jobs_key, 0, time.time()))
        moved = []
        for raw_id in due:
            try:
                job = ListedJob.fetch(raw_id.decode(), connection=self.connection)
                waits = self._queue.get_job_position(job.id) is not None
                with _its_warnings_unsaid():
                    self.enqueue_job(job)
                if waits:  # no worker has come since: once is enough
                    self.connection.lrem(self._queue.key, -1, job.id)
            except (redis.ConnectionError, redis.TimeoutError):
                raise
            except Exception as error:
                log.warning("scheduled job %r cannot run and is dropped: %r", raw_id, error)
                self.connection.zrem(self.scheduled_jobs_key, raw_id)
            else:
                log.info("%s is due and waits for a worker", job.id)
                moved.append(job.id)
        return moved

    def is_registered(self) -> bool:
        """Whether Redis still knows this scheduler."""
        return bool(self.connection.exists(self.key))

    def tick(self) -> None:
        """Once round: say that we live, put the schedule right, move what is due."""
        if not self.is_registered():
            self.register_birth()
        self.heartbeat()
        if not self.acquire_lock():
            return
        try:
            if sync(self):
                queue.put(self._queue, Task.CATCH_UP)
            self.enqueue_jobs()
        finally:
            self.remove_lock()


def sync(scheduler: SchoolScheduler) -> bool:
    """Make what is scheduled equal to what is declared; True if something had been missing.

    It may run at any time and any number of times: ids are fixed, and the time of a run that stands is left alone.
    """
    missing = False
    for entry in SCHEDULE:
        missing |= _put_right(scheduler, entry)
    _remove_undeclared(scheduler)
    return missing


def _put_right(scheduler: SchoolScheduler, entry: Entry) -> bool:
    job_id, key = entry.task.scheduled_id, scheduler.scheduled_jobs_key
    due = cast(float | None, scheduler.connection.zscore(key, job_id))  # read before the next run is worked out
    overdue = due is not None and due <= time.time()
    as_declared = _is_as_declared(scheduler.connection, entry)
    if not as_declared:
        _write(scheduler, entry)
    with _its_warnings_unsaid():
        following = to_unix(get_next_scheduled_time(entry.cron))
    if due is None:
        scheduler.connection.zadd(key, {job_id: following}, nx=True)
        log.info("scheduled %s: next run %s", job_id, _local(following))
    elif not overdue and (due > following or not as_declared):
        scheduler.connection.zadd(key, {job_id: following}, xx=True)
        log.info("rescheduled %s: next run %s", job_id, _local(following))
    return due is None


def _is_as_declared(connection: redis.Redis, entry: Entry) -> bool:
    try:
        job = ListedJob.fetch(entry.task.scheduled_id, connection=connection)
    except NoSuchJobError:
        return False
    return (job.func_name == entry.task.value and job.meta.get("cron_string") == entry.cron
            and job.meta.get("zone") == os.environ.get("TZ") and job.result_ttl == -1 and job.origin == queue.QUEUE
            and job.timeout == queue.LONGEST_RUN)


def _write(scheduler: SchoolScheduler, entry: Entry) -> None:
    """Store the job of an entry, without a time to run: that is `sync`'s to decide.

    It never expires (a `result_ttl` would make the entry vanish after its first run).
    """
    scheduler.connection.delete(ListedJob.key_for(entry.task.scheduled_id))
    job = scheduler._create_job(entry.task.value, id=entry.task.scheduled_id, commit=False, result_ttl=-1,
                                timeout=queue.LONGEST_RUN, queue_name=queue.QUEUE,
                                meta={"cron_string": entry.cron, "use_local_timezone": False,
                                      "zone": os.environ.get("TZ")})
    job.save()


def _remove_undeclared(scheduler: SchoolScheduler) -> None:
    """Take out entries that repeat and are declared no more, and whatever no worker would run."""
    declared = {entry.task.scheduled_id for entry in SCHEDULE}
    for raw_id in cast(list[bytes], scheduler.connection.zrange(scheduler.scheduled_jobs_key, 0, -1)):
        job_id = raw_id.decode(errors="replace")
        if job_id in declared:
            continue
        try:
            job = ListedJob.fetch(job_id, connection=scheduler.connection)
            stays = job.func_name in set(Task) and not _repeats(job.meta)
        except NoSuchJobError:
            stays = False
        if not stays:
            log.warning("%s is not in the schedule and is taken out", job_id)
            scheduler.connection.zrem(scheduler.scheduled_jobs_key, raw_id)


def _repeats(meta: dict[str, Any]) -> bool:
    return bool(meta.get("cron_string") or meta.get("interval"))


def _local(unix: float) -> str:
    return dt.datetime.fromtimestamp(unix).astimezone().isoformat(timespec="minutes")
