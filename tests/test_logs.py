"""Personal values are never logged: not with a request, not with what the database says of an error, not by a job."""

from __future__ import annotations

import base64
import http.client
import io
import logging
import zlib

import pytest
import structlog
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import insert, select, text

from app import database_errors, logs, queue
from app.extensions import db
from app.jobs import expiry
from app.jobs.processes import SchoolWorker
from app.models import Customer
from app.queue import ListedJob, Task
from tests.conftest import make_app
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until

MOBILE, NAME, NOTE = "13800138000", "龙泰山", "住在幸福路八号\n\nThe above exception 之后\nDETAIL: 身份证丢了"
SOUGHT = "13911139111"
VALUES = (MOBILE, NAME, "幸福路", "身份证")


@pytest.fixture(params=["console", "json"])
def said(request):
    """All that has gone to the log, in either form."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.configure(request.param)
    written = io.StringIO()
    root.handlers[0].setStream(written)
    yield written.getvalue
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()



def store_twice() -> None:
    """A unique violation nobody catches: what a bug would do."""
    table = Customer.__table__
    row = db.session.execute(select(table).where(table.c.mobile == MOBILE)).one()
    db.session.execute(insert(table).values({**row._mapping, "id": row.id + 1}))


def break_a_check() -> None:
    """PostgreSQL would quote the whole row."""
    db.session.execute(text("UPDATE customer SET qq = NULL, mobile = NULL, wechat = NULL"))


def compare_a_number_with_a_name() -> None:
    """PostgreSQL would quote the name."""
    db.session.execute(text("SELECT CAST(:name AS INTEGER) FROM no_such_table"), {"name": NAME})
    db.session.execute(text("SELECT CAST(:name AS INTEGER)"), {"name": NAME})


@pytest.fixture
def leads(make_customer):
    return make_customer(NAME, mobile=MOBILE, company=NOTE)


@on_both_databases
class TestAnErrorOfTheDatabase:
    @pytest.mark.parametrize("mistake", [store_twice, break_a_check, compare_a_number_with_a_name])
    def test_in_a_request_tells_the_constraint_and_no_value(self, database_url, clock, leads, session, said, mistake):
        app = make_app(database_url, clock)
        app.config.update(TESTING=False, WTF_CSRF_ENABLED=False)
        app.add_url_rule("/broken", "broken", mistake, methods=["POST"])
        session.commit()
        try:
            answer = app.test_client().post(f"/broken?q={SOUGHT}", data={"name": NAME})
        finally:
            with app.app_context():
                db.engine.dispose()
        log = said()
        assert answer.status_code == 500
        assert "unexpected error on POST" in log
        assert "sqlalchemy.exc." in log
        assert [value for value in VALUES if value in log or value in answer.text] == []
        assert SOUGHT not in log

    @pytest.mark.queue
    def test_in_a_job_is_neither_logged_nor_kept_in_the_queue(self, database_url, clock, valkey_server, leads, session,
                                                              said, monkeypatch):
        session.commit()
        monkeypatch.setattr(expiry, "_run", lambda _today: store_twice())
        with make_app(database_url, clock, redis_url=valkey_server.url).app_context():
            work_on(Task.RUN_NOW, queue.connection())
            log, kept = said(), everything_in(queue.connection())
            queue.connection().close()
            db.engine.dispose()
        for place in (log, kept):
            assert "IntegrityError" in place
            assert [value for value in VALUES if value in place] == []
        assert "uq_customer_mobile" in log or "customer.mobile" in log


def work_on(task: Task, redis_client) -> None:
    """Run a job as a worker's child does."""
    class NeverTold:
        def told(self) -> bool:
            return False

    into = Queue("default", connection=redis_client, serializer=JSONSerializer)
    queue.put(into, task)
    worker = SchoolWorker(redis_client, NeverTold())
    job = ListedJob.fetch(task.job_id, connection=redis_client)
    worker.prepare_execution(job)
    worker.perform_job(job, into)
    assert Job.fetch(task.job_id, connection=redis_client, serializer=JSONSerializer).is_failed


def everything_in(redis_client) -> str:
    """All that is kept in Redis, unpacked."""
    found = []
    for key in redis_client.keys("*"):
        kind = redis_client.type(key)
        if kind == b"hash":
            found += redis_client.hgetall(key).values()
        elif kind == b"stream":
            found += [value for _id, entry in redis_client.xrange(key) for value in entry.values()]
    return "\n".join(unpacked(value) for value in found)


def unpacked(value: bytes) -> str:
    for unpack in (zlib.decompress, lambda packed: zlib.decompress(base64.b64decode(packed))):
        try:
            return unpack(value).decode()
        except (zlib.error, ValueError):
            continue
    return value.decode(errors="replace")


class TestWithoutValues:
    @pytest.mark.parametrize(("full", "state", "left"), [
        ('duplicate key value violates unique constraint "uq_customer_mobile"\nDETAIL:  Key (mobile)=(138) exists.',
         "23505", 'duplicate key value violates unique constraint "uq_customer_mobile"'),
        ('new row violates check constraint "ck"\nDETAIL:  Failing row contains (1, 138,\n\nDETAIL: x).', "23514",
         'new row violates check constraint "ck"'),
        ('invalid input syntax for type integer: "龙"泰\n山"\nLINE 1: SELECT 1', "22P02",
         'invalid input syntax for type integer: "…"'),
        ("UNIQUE constraint failed: customer.mobile", None, "UNIQUE constraint failed: customer.mobile"),
    ])
    def test_a_message_says_what_is_wrong(self, full, state, left):
        assert database_errors.without_values(full, state) == left


def test_the_web_server_logs_paths_without_what_was_searched_for(live_server, school):
    server = live_server(processes=1)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("GET", f"/login?q={MOBILE}", headers={"Referer": f"http://x/?q={MOBILE}", "User-Agent": MOBILE})
    assert connection.getresponse().read()
    connection.close()
    wait_until(lambda: "GET /login 200" in server.log, seconds=5, what="the line of the request")
    assert MOBILE not in server.log
