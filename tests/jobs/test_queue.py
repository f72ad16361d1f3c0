"""What may be put into the queue, what a worker runs of it, and what is said when nobody serves it."""

from __future__ import annotations

import datetime as dt

import pytest
from redis import Redis
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app import queue
from app.models import AuditEntry
from app.queue import ListedJob, QueueUnavailableError, Task, TaskNotListedError
from config import EMBEDDED_REDIS_URL, Settings


def settings(redis_url: str) -> Settings:
    return Settings(_env_file=None, app_env="demo", redis_url=redis_url)


class TestTheAllowList:
    @pytest.fixture
    def planted(self, redis_client: Redis):
        """A job as somebody with access to Redis could write it."""
        def plant(function: str, *args: object, **options: object) -> ListedJob:
            job = Job.create(function, args=args, id="planted", connection=redis_client, serializer=JSONSerializer,
                             origin="default", **options)
            job.save()
            return ListedJob.fetch("planted", connection=redis_client)

        return plant

    @pytest.mark.queue
    @pytest.mark.parametrize("function", ["os.system", "subprocess.call", "builtins.eval", "app.jobs.expiry._run",
                                          "app.queue.connect", ""])
    def test_refuses_any_other_function(self, planted, tmp_path, function):
        job = planted(function, f"touch {tmp_path / 'done'}")
        with pytest.raises(TaskNotListedError):
            job.perform()
        assert not (tmp_path / "done").exists()

    @pytest.mark.queue
    def test_runs_no_function_a_job_wants_run_after_it(self, redis_client, planted):
        planted(Task.CATCH_UP.value)
        redis_client.hset(ListedJob.key_for("planted"), mapping={
            "success_callback_name": "os.system", "failure_callback_name": "os.system",
            "stopped_callback_name": "os.system"})
        job = ListedJob.fetch("planted", connection=redis_client)
        assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)

    @pytest.mark.queue
    def test_holds_in_a_real_worker_and_the_worker_goes_on(self, backstage, redis_client, tmp_path):
        outside = Queue("default", connection=redis_client, serializer=JSONSerializer)
        evil = outside.enqueue("os.system", f"touch {tmp_path / 'done'}")
        pickled = Queue("default", connection=redis_client).enqueue("os.system", f"touch {tmp_path / 'done'}")
        worker = backstage.worker()
        worker.wait_for("night of 2026-03-02")  # the catch-up, asked for after them
        assert Job.fetch(evil.id, connection=redis_client, serializer=JSONSerializer).is_failed
        assert f"job {pickled.id} cannot be read and is dropped" in worker.log
        assert "TaskNotListedError: os.system is not among the functions a worker may run" in worker.log
        assert not (tmp_path / "done").exists()


@pytest.mark.queue
def test_what_a_job_writes_is_told_of_the_job(backstage, hold, session, school, clock):
    hold(school.sanjiang, 1, received=clock.today() - dt.timedelta(days=9))
    backstage.worker().wait_for("night of 2026-03-02: 1 closed")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "distribution")).all()
    assert [(entry.origin, entry.actor_id) for entry in entries if "ended_on" in entry.changes] == [
        ("job expiry-catch-up", None)]


class TestWithoutAServer:
    def test_the_embedded_one_is_named_with_the_way_to_start_it(self, tmp_path):
        nobody = Redis(unix_socket_path=str(tmp_path / "nobody.sock"))
        assert queue.problem(settings(EMBEDDED_REDIS_URL), nobody) == (
            "No server answers on instance/redis.sock: start it with `make run`, or set REDIS_URL.")

    def test_another_is_named_by_its_variable_and_no_password_is_said(self):
        sentence = queue.problem(settings("redis://user:very-secret@127.0.0.1:1/0"))
        assert sentence == "No server answers at the address in REDIS_URL."

    def test_asking_for_a_task_is_refused_in_a_sentence(self, app):
        with app.app_context():
            for ask in (lambda: queue.enqueue(Task.RUN_NOW), lambda: queue.job_state("x"), queue.scheduled,
                        queue.number_of_workers):
                with pytest.raises(QueueUnavailableError):
                    ask()
            queue.connection().close()


@pytest.mark.queue
class TestTheStateOfAJob:
    def test_that_waits(self, queue_app):
        job_id = queue.enqueue(Task.RUN_NOW)
        state = queue.job_state(job_id)
        assert state is not None
        assert (state.status, state.done, state.total, state.is_over) == ("queued", 0, 0, False)

    def test_that_is_under_way_says_how_far(self, queue_app):
        job_id = queue.enqueue(Task.RUN_NOW)
        queue.report_to(ListedJob.fetch(job_id, connection=queue.connection()))(300, 1000)
        state = queue.job_state(job_id)
        assert state is not None
        assert (state.done, state.total) == (300, 1000)

    def test_that_is_not_there(self, queue_app):
        assert queue.job_state("nobody") is None

    def test_that_has_run_tells_its_result(self, queue_app, backstage):
        job_id = queue.enqueue(Task.RUN_NOW)
        backstage.worker().wait_for("night of 2026-03-02")
        from tests.support.processes import wait_until
        wait_until(lambda: (found := queue.job_state(job_id)) is not None and found.is_over, seconds=5,
                   what="the end of the run")
        state = queue.job_state(job_id)
        assert state is not None
        assert state.status == "finished"
        assert state.result["as_of"] == "2026-03-02"
        assert state.error is None
