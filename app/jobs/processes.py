"""The two processes behind the web: the worker, which runs jobs, and the scheduler, which says when.

Both outlive Redis: they wait for it to come back and say so once.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import redis
from flask import Flask
from rq import worker_registration
from rq.exceptions import StopRequested
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.worker import Worker

from app import lifeline, queue
from app.extensions import db
from app.jobs.schedule import SchoolScheduler, keep_school_time
from app.queue import ListedJob, Task
from config import Settings

log = logging.getLogger(__name__)

TICK = 5
PAUSE = 2.0
LOST = (redis.ConnectionError, redis.TimeoutError, OSError)


class Stop:
    """Told by SIGTERM or SIGINT to stop; a second signal ends the process at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.listen()

    def listen(self) -> None:
        """Take the signals (back)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._event.is_set():
            raise SystemExit(1)
        self._event.set()

    def tell(self) -> None:
        """Note that we were told."""
        self._event.set()

    def told(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until told; True if told."""
        return self._event.wait(seconds)


class SchoolWorker(Worker):
    """An RQ worker that bears the loss of Redis and takes its work-horse with it when it is killed."""

    max_connection_wait_time = 5.0

    def __init__(self, connection: redis.Redis, stop: Stop) -> None:
        self._stop = stop
        super().__init__([queue.queue(connection)], connection=connection, job_class=ListedJob,
                         serializer=JSONSerializer, name=f"worker-{os.getpid()}-{secrets.token_hex(3)}",
                         worker_ttl=60, log_job_description=False)

    def _install_signal_handlers(self) -> None:
        """Take the signals over from `Stop`; one that came before is obeyed."""
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        self._stop_requested = self._stop_requested or self._stop.told()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Told to stop: that holds even if Redis has gone, which RQ forgets about it."""
        self._stop.tell()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the forked child: die with the worker, and share no database connection with it."""
        lifeline.die_with_parent(signal.SIGKILL)
        db.engine.dispose(close=False)
        super().main_work_horse(job, queue)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say that we live, and who we are if Redis has forgotten it."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and self.birth_date and not self.connection.hexists(self.key, "birth"):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def maintain_heartbeats(self, job: Job) -> None:
        """While a job runs the loss of Redis is no reason to leave it alone."""
        try:
            super().maintain_heartbeats(job)
        except LOST as error:
            log.warning("Redis does not answer while %s runs: %s", job.id, error)

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Any = None) -> None:
        try:
            super().set_current_job_working_time(current_job_working_time, pipeline)
        except LOST as error:
            log.warning("Redis does not answer while a job runs: %s", error)

    def run_maintenance_tasks(self) -> None:
        """Tidy up after dead workers; something untidy there is no reason to stop."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (*LOST, StopRequested):
            raise
        except Exception:
            log.exception("the queue could not be tidied up")


def run_worker(app: Flask) -> None:
    """Take jobs from the queue until told to stop. A run that died half-way is taken up again at once."""
    settings: Settings = app.config["SETTINGS"]
    _begin(settings)
    stop = Stop()

    def work() -> None:
        client = queue.connect(settings, timeout=60)
        queue.put(queue.queue(client), Task.CATCH_UP)
        try:
            SchoolWorker(client, stop).work()
        finally:
            stop.listen()

    _again_and_again(work, stop, PAUSE)


def run_scheduler(app: Flask) -> None:
    """Keep the schedule and move what is due into the queue, until told to stop."""
    settings: Settings = app.config["SETTINGS"]
    _begin(settings)
    stop = Stop()
    scheduler = SchoolScheduler(queue.connect(settings), TICK)
    asked = False

    def tick() -> None:
        nonlocal asked
        if not asked:
            queue.put(queue.queue(scheduler.connection), Task.CATCH_UP)
            asked = True
        scheduler.tick()

    _again_and_again(tick, stop, TICK)
    try:
        scheduler.register_death()
    except LOST:
        log.info("Redis is gone already")


def _begin(settings: Settings) -> None:
    keep_school_time(settings.business_timezone)


def _again_and_again(step: Callable[[], None], stop: Stop, pause: float) -> None:
    """Repeat a step whatever becomes of Redis, which is reported when it goes and when it is back."""
    lost = False
    while not stop.told():
        try:
            step()
            if lost:
                log.info("Redis answers again")
            lost = False
        except LOST as error:
            if not lost:
                log.warning("Redis does not answer, waiting for it: %s", error)
            lost = True
        except redis.RedisError as error:
            log.warning("Redis refused: %s", error)
        except Exception:
            log.exception("unexpected, going on")
        stop.wait(pause)
