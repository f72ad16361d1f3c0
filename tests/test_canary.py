"""Eight strings that occur nowhere else go through everything the school does, and are nowhere once they are erased."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import urllib.parse
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app import queue
from app.extensions import Base
from app.models import AuditEntry, Customer, Distribution, FollowUp
from app.queue import Task
from app.services import enrolments, floor, pool
from app.services.rule_book import RuleBook
from tests.jobs.conftest import backstage, queue_app, redis_client  # noqa: F401 - fixtures
from tests.support.client import changes_what_is_stored, shown_in
from tests.support.crowd import Answer, Person
from tests.support.databases import on_both_databases
from tests.support.people import School
from tests.support.processes import wait_until

pytestmark = [pytest.mark.queue, on_both_databases]

CANARY = {"name": "金丝雀甲乙丙", "qq": "8812300456", "mobile": "13977001188", "wechat": "canary_wx_77",
          "company": "金丝雀公司丁", "salary": "金丝雀薪戊", "graduation_school": "金丝雀大学己",
          "major": "金丝雀专业庚"}
EVERYTHING = ",".join(CANARY.values())


def found_in(content: str | bytes) -> set[str]:
    """The canaries in a text or in bytes of any kind, also as an address or JSON would write them."""
    raw = content if isinstance(content, bytes) else content.encode()
    return {name for name, value in CANARY.items() if any(form.encode() in raw for form in (
        value, urllib.parse.quote(value), value.encode("unicode_escape").decode()))}


def dump(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every value of every column of every table there is."""
    with engine.connect() as connection:
        for table in (*Base.metadata.sorted_tables, text("alembic_version")):
            name = getattr(table, "name", "alembic_version")
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                for value in row:
                    yield name, value if isinstance(value, bytes) else str(value).encode()


def found_in_tables(engine: Engine) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, value in dump(engine):
        if here := found_in(value):
            found.setdefault(table, set()).update(here)
    return found


def found_in_redis(client: Redis, folder: Path) -> set[str]:
    """In all keys, unpacked, and in what the server writes to disk."""
    content = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    keys = list(client.scan_iter())
    assert keys, "nothing was ever put into Redis"
    for key in keys:
        kind = client.type(key)
        if kind == b"hash":
            content += client.hgetall(key).values()
        elif kind == b"list":
            content += client.lrange(key, 0, -1)
        elif kind == b"set":
            content += client.smembers(key)
        elif kind == b"zset":
            content += client.zrange(key, 0, -1)
        elif kind == b"stream":
            content += [value for _id, entry in client.xrange(key) for value in entry.values()]
        else:
            content.append(client.get(key))
        content.append(key)
    return {name for each in content for part in (each, unpacked(each)) for name in found_in(part)}


def unpacked(value: bytes) -> bytes:
    """What RQ has compressed."""
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""


@pytest.fixture
def people(live_server, school, clock_file, valkey_server):
    """The school's people at their desks, on a real server with a real Redis."""
    server = live_server(processes=1, clock_file=clock_file, REDIS_URL=valkey_server.url)
    at_work = {name: Person(server.host, server.port).log_in(name)
               for name in ("sanjiang", "baoyu", "dasha", "manager", "admin")}
    return server, at_work


class Desk:
    """Sends forms and opens pages for people; the test's own session must not keep them waiting."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def send(self, who: Person, path: str, expected: int = 302, **fields: object) -> Answer:
        self.session.commit()
        if changes_what_is_stored(path):
            fields["shown"] = shown_in(who.get(path).body)
        answer = who.post(path, {"csrf_token": who.token, **fields})
        assert answer.status == expected, f"{path}: {answer.status} {answer.body[:600]}"
        return answer

    def look(self, who: Person, path: str, expected: int = 200) -> str:
        self.session.commit()
        answer = who.get(path)
        assert answer.status == expected, f"{path}: {answer.status} {answer.body[:600]}"
        return answer.body


@pytest.fixture
def desk(session):
    return Desk(session)


def totals(session: Session, school: School, today: dt.date) -> dict[str, object]:
    """What the school's numbers are made of."""
    session.rollback()
    numbers = {
        "holdings": session.execute(select(Distribution.status, func.count()).group_by(Distribution.status)
                                    .order_by(Distribution.status)).all(),
        "follow-ups": session.scalar(select(func.count()).select_from(FollowUp)),
        "customers": session.scalar(select(func.count()).select_from(Customer)),
        "floor": [(each.consultant.id, each.numbers) for each in floor.desks(session, today=today, book=RuleBook())],
        "pool": [pool.count(session, who.id, today=today) for who in school.consultants]}
    session.commit()
    return numbers


@pytest.fixture
def run_job(queue_app, backstage):  # noqa: F811
    """`run_job(Task.NIGHTLY)`: a worker runs it to its end. Its log is `run_job.worker.log`."""
    worker = backstage.worker()

    def run(task: Task) -> None:
        job_id = queue.enqueue(task)
        wait_until(lambda: (state := queue.job_state(job_id)) is not None and state.is_over, seconds=60,
                   what=task.value)

    run.worker = worker
    return run


def test_after_an_erasure_nothing_is_left_of_a_person(
        people, desk, run_job, session, engine, school, clock, redis_client, valkey_server, backend):  # noqa: F811
    server, at_work = people
    sanjiang, baoyu, dasha, manager, admin = at_work.values()

    send, look = desk.send, desk.look
    quoted = {name: urllib.parse.quote(value) for name, value in CANARY.items()}
    lead = CANARY | {"gender": 1, "source": 1, "work_status": 1, "education": 2, "experience": 1,
                     "courses": school.python.id}

    # Entered, refused where it is known, looked up, searched for, changed, followed up.
    send(sanjiang, "/admin/knowncontact/", 200, contact=CANARY["mobile"])
    send(sanjiang, "/admin/customer/new/", **lead)
    number = session.scalars(select(Customer.id)).one()
    send(baoyu, "/admin/customer/new/", 422, **(lead | {"name": "别名"}))
    send(baoyu, "/admin/knowncontact/", 200, contact=CANARY["wechat"])
    send(sanjiang, f"/admin/customer/edit/?id={number}", **(lead | {"company": "别处"}))
    send(sanjiang, f"/admin/customer/edit/?id={number}", **lead)
    send(sanjiang, "/admin/mycustomers/follow-up/", customer_id=number, note=EVERYTHING)
    look(sanjiang, f"/admin/mycustomers/?q={quoted['name']}")
    for who in (sanjiang, manager):
        for value in quoted.values():
            look(who, f"/admin/customer/?search={value}")
    look(baoyu, f"/admin/customer/details/?id={number}", 404)

    # Exported, remarked upon, transferred, released, searched for in the pool, claimed.
    for kind in ("csv", "xlsx"):
        look(manager, f"/admin/customer/export/{kind}/?search={quoted['name']}")
        look(manager, f"/admin/followup/export/{kind}/")
    send(manager, f"/admin/customer/export/csv/?search={quoted['name']}", 303)  # kept for a week
    wait_until(lambda: "/download" in look(manager, "/admin/tasks/"), seconds=60, what="the export")
    holding = session.scalars(select(Distribution.id)).one()
    send(manager, f"/admin/distribution/edit/?id={holding}", memo=EVERYTHING[:200])
    send(manager, "/admin/customer/assign/", customer_id=number, consultant_id=school.baoyu.id,
         shown=f"{school.sanjiang.id}.1.0.0")
    send(baoyu, "/admin/mycustomers/release/", customer_id=number)
    for value in (quoted["name"], quoted["mobile"]):
        look(dasha, f"/admin/publicpool/?name={value}")
    assert dasha.claim(number).json()["won"] == [number]
    send(dasha, "/admin/mycustomers/follow-up/", customer_id=number, note=EVERYTHING)

    # Quoted in what is said of another.
    send(sanjiang, "/admin/customer/new/", **(lead | {"name": "同学", "qq": "66554433", "mobile": "", "wechat": "",
         "company": "甲", "salary": "乙", "graduation_school": "丙", "major": "丁"}))
    other = session.scalars(select(func.max(Customer.id))).one()
    send(sanjiang, "/admin/mycustomers/follow-up/", customer_id=other,
         note=f"他同学的手机{CANARY['mobile']},微信 {CANARY['wechat']},QQ{CANARY['qq']}")

    # Lost to the night, claimed and won again; the jobs run on a real worker.
    clock.advance(days=6)
    run_job(Task.NIGHTLY)
    run_job(Task.RETENTION)
    sanjiang.log_in("sanjiang")
    admin.log_in("admin")
    assert sanjiang.claim(number).json()["won"] == [number]
    enrolments.enrol(session, number, today=clock.today(), now=clock.now())
    session.commit()

    # Watched by the admin, taken along.
    for path in ("audit/", f"customer/details/?id={number}", f"personaldata/?kind=customer&id={number}"):
        look(admin, f"/admin/{path}")
    for form in ("html", "json"):
        exported = send(admin, "/admin/personaldata/export/", 200, kind="customer", id=number, format=form)
        assert found_in(exported.body) == CANARY.keys()

    # Errors: at the login, in an address, in a form, and in the database itself.
    Person(server.host, server.port).post("/login", {"username": CANARY["mobile"], "password": EVERYTHING})
    look(sanjiang, f"/admin/customer/details/?id={quoted['mobile']}", 404)
    send(sanjiang, "/admin/mycustomers/follow-up/", 400, customer_id=number, note=EVERYTHING, next=f"//{EVERYTHING}")
    with engine.connect() as connection:  # one for both: SQLite's others do not look again for what was renamed
        connection.execute(text("ALTER TABLE follow_up RENAME COLUMN note TO not_here"))
        connection.commit()
        try:
            send(sanjiang, "/admin/mycustomers/follow-up/", 500, customer_id=number, note=EVERYTHING)
        finally:
            connection.execute(text("ALTER TABLE follow_up RENAME COLUMN not_here TO note"))
            connection.commit()
    assert "unexpected error" in server.log

    # He is where he belongs, and neither in the log of deeds nor in any other.
    there = found_in_tables(engine)
    assert there == {"customer": set(CANARY), "customer_contact": {"qq", "mobile", "wechat"},
                     "follow_up": set(CANARY), "distribution": there["distribution"],
                     "export_chunk": set(CANARY), "background_task": {"name"}}
    assert found_in_redis(redis_client, valkey_server.folder) == set()
    assert found_in(server.log) == set()
    assert found_in(run_job.worker.log) == set()
    entries = session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.sealed.is_not(None)))
    assert entries > 5
    before = totals(session, school, clock.today())

    send(admin, "/admin/personaldata/erase/", kind="customer", id=number, number=number, reason="requested")

    assert found_in_tables(engine) == {}
    assert totals(session, school, clock.today()) == before
    assert found_in_redis(redis_client, valkey_server.folder) == set()
    assert found_in(server.log) == set()
    assert found_in(run_job.worker.log) == set()
    for who, path in ((admin, f"/admin/customer/details/?id={number}"), (admin, "/admin/followup/"),
                      (admin, f"/admin/personaldata/?kind=customer&id={number}"), (sanjiang, "/admin/mycustomers/")):
        assert found_in(look(who, path)) == set()
    now_of_other, _, _history = look(admin, f"/admin/customer/details/?id={other}").partition("card pad history")
    assert found_in(now_of_other) == set()
    if backend == "sqlite":
        assert found_in(raw_bytes(engine)) == set()


def raw_bytes(engine: Engine) -> bytes:
    """The file as it lies on the disk, once what is in the journal has gone into it.

    Another process reads it: closing a file lets go of every lock that SQLite has on it in this one.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        assert not busy
    path = Path(str(engine.url.database))
    files = sorted(str(file) for file in path.parent.glob(f"{path.name}*"))
    content = subprocess.run(["cat", *files], capture_output=True, check=True).stdout
    assert b"CREATE TABLE customer" in content
    return content


def test_the_search_for_canaries_finds_them_however_they_are_written():
    assert found_in(EVERYTHING) == set(CANARY)
    assert found_in(urllib.parse.quote(EVERYTHING)) == set(CANARY)
    assert found_in(json.dumps(EVERYTHING)) == set(CANARY)
    assert found_in(EVERYTHING[:3]) == set()
