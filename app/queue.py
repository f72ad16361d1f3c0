"""The queue of background jobs: the connection, what may run, putting a job in, how it stands.

Jobs travel as JSON and only the functions listed in `Task` are ever called: whoever can write to Redis can put any
function's name into a job, and JSON alone would still let a worker run `os.system`.

Infrastructure beside `extensions`: screens put jobs in, the worker takes them out, and neither imports the other.
"""

from __future__ import annotations

import datetime as dt
import enum
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast

import redis
from flask import current_app
from flask_babel import lazy_gettext as _l
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue
from rq.serializers import JSONSerializer

from app.errors import DomainError
from config import Settings

log = logging.getLogger(__name__)

QUEUE = "default"
SCHEDULED_KEY = "rq:scheduler:scheduled_jobs"
"""Where rq-scheduler keeps what is to run when."""

LONGEST_RUN = 6 * 3600
KEEP_RESULT = 24 * 3600
LONGEST_SOCKET_PATH = 100
DEAD_AFTER = dt.timedelta(seconds=150)
"""A running job is heard of at least every 90 seconds; after this long its worker is dead."""

BEGUN_AFTER = dt.timedelta(seconds=1)
"""A worker that has taken a job says at once that it runs it, or has died in between. Should it only have been slow,
the job runs twice, which does no harm."""


class Task(enum.StrEnum):
    """Every function a worker may run, by name: the allow-list."""

    NIGHTLY = "app.jobs.expiry.nightly"
    CATCH_UP = "app.jobs.expiry.catch_up"
    RUN_NOW = "app.jobs.expiry.run_now"
    RETENTION = "app.jobs.retention.run_if_due"
    WARNINGS = "app.jobs.warnings.run"
    EXPORT = "app.jobs.exports.run"
    RECOMPUTATION = "app.jobs.recomputation.run"
    RECOMPUTATION_CATCH_UP = "app.jobs.recomputation.catch_up"
    TRANSFER = "app.jobs.transfers.run"
    DELIVERIES = "app.jobs.deliveries.run"

    @property
    def job_id(self) -> str:
        """The fixed id, so that a task waits or runs once however often it is asked for."""
        return self.value.removeprefix("app.jobs.").replace(".", "-").replace("_", "-")

    def job_id_of(self, row_id: int) -> str:
        """The id of the job that does one background task, of which there may be many at once."""
        return f"{self.job_id}-{row_id}"

    @property
    def scheduled_id(self) -> str:
        """The fixed id of the task's entry in the schedule, which stays for ever and runs again and again."""
        return f"scheduled-{self.job_id}"


class TaskNotListedError(Exception):
    """A job names a function that is not in `Task`."""


class QueueUnavailableError(DomainError):
    """Redis does not answer, so nothing can be put into the queue or read from it."""

    def __init__(self) -> None:
        super().__init__(_l("The background jobs cannot be reached at the moment. Please try again later."))


class ListedJob(Job):
    """A job in JSON whose function is one of `Task`.

    One that cannot be read counts as not there: left alone, it would kill the scheduler and the worker again and
    again.
    """

    def __init__(self, id: str | None = None, connection: redis.Redis | None = None,
                 serializer: object = None) -> None:
        super().__init__(id, connection, JSONSerializer)

    @classmethod
    def fetch(cls, id: str, connection: redis.Redis | None = None, serializer: object = None) -> Self:
        try:
            job = cast(Self, super().fetch(id, connection, serializer))
            _ = job.func_name  # reads the call, which rq puts off until it is in nobody's hands
        except (NoSuchJobError, redis.ConnectionError, redis.TimeoutError):
            raise
        except Exception as error:
            log.warning("job %s cannot be read and is dropped: %r", id, error)
            raise NoSuchJobError(f"job {id} cannot be read") from error
        return job

    @property
    def func(self) -> Any:
        if self.func_name not in set(Task) or self.instance is not None:
            raise TaskNotListedError(f"{self.func_name} is not among the functions a worker may run")
        return super().func

    # A job could name functions here as well; ours never do.

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    def send_webhooks(self, status: str | JobStatus, *, exc_string: str | None = None) -> None:
        """Never: a job could name any address."""


@dataclass(frozen=True)
class JobState:
    """How a job stands."""

    job_id: str
    status: str
    done: int
    total: int
    result: Any
    error: str | None
    began: dt.datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.status not in _WAITING

    @property
    def is_under_way(self) -> bool:
        """Whether it waits for a worker or runs. What is scheduled for later does neither."""
        return self.status in {JobStatus.QUEUED.value, JobStatus.STARTED.value}

    @property
    def elapsed(self) -> float:
        """The seconds it has run, by the clock that queues go by."""
        return (dt.datetime.now(dt.UTC) - self.began).total_seconds() if self.began else 0.0


@dataclass(frozen=True)
class Scheduled:
    """What runs next, and when (UTC)."""

    job_id: str
    task: str
    at: dt.datetime


_WAITING = frozenset({JobStatus.QUEUED.value, JobStatus.STARTED.value, JobStatus.SCHEDULED.value,
                      JobStatus.DEFERRED.value, JobStatus.CREATED.value})


def connect(settings: Settings, *, timeout: float = 5.0) -> redis.Redis:
    """A client for the Redis server of the settings; nothing is sent yet.

    It fails at once instead of trying again: who calls knows better whether to wait.
    """
    pool = redis.ConnectionPool.from_url(settings.redis_url, socket_connect_timeout=2.0, socket_timeout=timeout,
                                         retry=Retry(NoBackoff(), 0))
    path = pool.connection_kwargs.get("path")
    if path and len(os.fsencode(path)) > LONGEST_SOCKET_PATH:  # the system takes no more than 107 bytes
        pool.connection_kwargs["path"] = os.path.relpath(path)
    return redis.Redis(connection_pool=pool)


def connection() -> redis.Redis:
    """The application's client."""
    found = current_app.extensions.get("redis")
    if found is None:
        found = current_app.extensions["redis"] = connect(current_app.config["SETTINGS"])
    return cast(redis.Redis, found)


def problem(settings: Settings, client: redis.Redis | None = None) -> str | None:
    """One sentence for the operator if Redis does not answer; None if it does. It gives no password away."""
    try:
        (client or connect(settings)).ping()
    except redis.AuthenticationError:
        return "The Redis server of REDIS_URL wants another user name or password."
    except redis.BusyLoadingError:
        return "The Redis server is still loading its data."
    except (redis.RedisError, OSError):
        if settings.uses_embedded_redis:
            return "No server answers on instance/redis.sock: start it with `make run`, or set REDIS_URL."
        return "No server answers at the address in REDIS_URL."
    return None


def queue(client: redis.Redis | None = None) -> Queue:
    """The one queue there is."""
    return Queue(QUEUE, connection=client or connection(), job_class=ListedJob, serializer=JSONSerializer)


def enqueue(task: Task, **kwargs: Any) -> str:
    """Ask for a task and return the id to ask `job_state` about; one that waits or runs is not asked for twice.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    with _speaking():
        put(queue(), task, **kwargs)
    return task.job_id


def enqueue_one(task: Task, task_id: int) -> None:
    """Let a worker do one background task, by its number: what is to be done stands in the database.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    with _speaking():
        put(queue(), task, job_id=task.job_id_of(task_id), task_id=task_id)


def put(into: Queue, task: Task, *, job_id: str | None = None, **kwargs: Any) -> None:
    """Put a task into a queue unless it waits or runs there already."""
    job_id = job_id or task.job_id
    _forget_if_over(into, job_id)
    try:
        into.enqueue_call(task.value, kwargs=kwargs, job_id=job_id, timeout=LONGEST_RUN,
                          result_ttl=KEEP_RESULT, failure_ttl=KEEP_RESULT, unique=True)
    except DuplicateJobError:
        log.info("%s is under way already", job_id)


def _forget_if_over(of: Queue, job_id: str) -> None:
    """Make room for a job of the same id if the former one has ended or its worker has died."""
    try:
        job = ListedJob.fetch(job_id, connection=of.connection)
    except NoSuchJobError:
        of.connection.delete(ListedJob.key_for(job_id))  # what cannot be read must not stand in the way
        return
    if job.get_status() not in _WAITING or _is_dead(job, of):
        job.delete()


def _is_dead(job: Job, of: Queue) -> bool:
    """Whether a job that should wait or run does neither, because its worker has died."""
    now = dt.datetime.now(dt.UTC)
    if job.get_status(refresh=False) == JobStatus.STARTED:
        heard = job.last_heartbeat
        return _worker_is_gone(job) or heard is None or now - _aware(heard) > DEAD_AFTER
    taken = of.get_job_position(job.id) is None
    return taken and (job.enqueued_at is None or now - _aware(job.enqueued_at) > BEGUN_AFTER)


def _worker_is_gone(job: Job) -> bool:
    """Whether the worker of a running job was a process on this machine that is no more."""
    said = cast(list[bytes | None], job.connection.hmget(f"rq:worker:{job.worker_name}", ["hostname", "pid"]))
    host, pid = (value.decode() if value else "" for value in said)
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _aware(instant: dt.datetime) -> dt.datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)


def is_lost(job_id: str) -> bool:
    """Whether nobody will do a job that should wait or run: it is gone, it has failed, or its worker has died.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    with _speaking():
        try:
            job = ListedJob.fetch(job_id, connection=connection())
        except NoSuchJobError:
            return True
        return job.get_status(refresh=False) not in _WAITING or _is_dead(job, queue())


def job_state(job_id: str) -> JobState | None:
    """How a job stands; None if there is none of this id, or none any more.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    with _speaking():
        try:
            job = ListedJob.fetch(job_id, connection=connection())
        except NoSuchJobError:
            return None
        result = job.return_value() if job.is_finished else None
    meta, status = job.meta, job.get_status(refresh=False) or JobStatus.CREATED
    return JobState(job.id, str(status.value), int(meta.get("done", 0)),
                    int(meta.get("total", 0)), result, meta.get("error"), job.started_at and _aware(job.started_at))


def report_to(job: Job | None) -> Callable[[int, int], None]:
    """A function that notes a job's progress where `job_state` reads it. Losing Redis never stops the work."""
    def report(done: int, total: int) -> None:
        if job is None:
            return
        job.meta.update(done=done, total=total)
        try:
            job.save_meta()  # type: ignore[no-untyped-call]
        except redis.RedisError as error:
            log.warning("progress could not be noted: %s", error)
    return report


def scheduled() -> list[Scheduled]:
    """What is to run and when, soonest first.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    found = []
    with _speaking():
        client = connection()
        entries = cast(list[tuple[bytes, float]], client.zrange(SCHEDULED_KEY, 0, -1, withscores=True))
        for raw_id, due in entries:
            try:
                job = ListedJob.fetch(raw_id.decode(), connection=client)
            except NoSuchJobError:
                continue
            found.append(Scheduled(job.id, job.func_name or "", dt.datetime.fromtimestamp(due, dt.UTC)))
    return found


def number_of_workers() -> int:
    """How many workers have been heard of lately.

    Raises:
        QueueUnavailableError: Redis does not answer.
    """
    with _speaking():
        client = connection()
        keys = cast(set[bytes], client.smembers("rq:workers"))
        return sum(1 for key in keys if client.exists(key) and not client.hexists(key.decode(), "death"))


@contextmanager
def _speaking() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        log.warning("Redis: %s", error)
        raise QueueUnavailableError from error
