"""Fixtures all tests share. See tests/support for what they are made of.

A test runs on SQLite unless it is marked with `on_both_databases` (tests.support.databases); then on PostgreSQL too.
What needs a program that is not here is left out, which the last lines of the run say.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import create_app, queue
from app.extensions import db
from app.models import AssignmentEntry, Course, Customer, Employee, FollowUp, SalesRank
from app.models.choices import AssignmentStrategy
from app.services import assignment, customers, follow_ups, passwords
from tests.support import browser, databases, demo_school, needs, people, postgres, redis, tally
from tests.support.client import Client, watch_for_unsaved_changes
from tests.support.clock import START, SettableClock
from tests.support.floor import Floor
from tests.support.live_server import LiveServer
from tests.support.people import School

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARED = pytest.StashKey[Path]()


# --- the run as a whole ---------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "on_both_databases: runs on SQLite and on PostgreSQL")
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[SHARED] = Path(workerinput["shared"])
        return
    needs.refuse_if_required_and_missing()
    config.stash[SHARED] = Path(tempfile.mkdtemp(prefix="gonghai-tests-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["shared"] = str(node.config.stash[SHARED])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames and metafunc.definition.get_closest_marker("on_both_databases"):
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needs.leave_out(config, items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    workeroutput = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["left_out"] = dict(session.config.stash.get(needs.LEFT_OUT, Counter()))
        workeroutput["access_checks"] = tally.made(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects every test, so any worker's count will do."""
    node.config.stash[needs.LEFT_OUT] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))
    tally.add(node.config, getattr(node, "workeroutput", {}).get("access_checks", 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in needs.lines(config.stash.get(needs.LEFT_OUT, Counter())):
        terminalreporter.write_line(line, yellow=True)
    for line in tally.lines(config):
        terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    shared = config.stash.get(SHARED, None)
    if shared is None or hasattr(config, "workerinput"):
        return
    databases.drop_template(shared)
    postgres.stop(shared)
    shutil.rmtree(shared, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_folder(pytestconfig: pytest.Config) -> Path:
    """A folder all workers of this run share."""
    return pytestconfig.stash[SHARED]


@pytest.fixture(scope="session", autouse=True)
def fast_passwords() -> Iterator[None]:
    """Argon2 with the least work, in tests only."""
    before = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._hasher = before
    passwords._nobodys_hash.cache_clear()


# --- databases and the application ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def all_databases(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    """Makes databases for this worker."""
    made = databases.Databases(shared_folder, tmp_path_factory.mktemp("databases"),
                               os.environ.get("PYTEST_XDIST_WORKER", "alone"))
    yield made
    made.drop_all()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database: sqlite, or both in turn where `on_both_databases` says so."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def postgresql_url(shared_folder: Path) -> str:
    """The PostgreSQL server of this run, where databases may be created."""
    return postgres.server_url(shared_folder)


@pytest.fixture(scope="session")
def _clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def clock(_clock: SettableClock) -> Iterator[SettableClock]:
    """The school's clock: it stands at 2026-03-02 09:00 until it is set."""
    _clock.reset()
    yield _clock
    _clock.file = None
    _clock.reset()


@pytest.fixture
def clock_file(clock: SettableClock, tmp_path: Path) -> Path:
    """A file that tells other processes what the clock says."""
    clock.file = tmp_path / "now"
    clock.write()
    return clock.file


@pytest.fixture(scope="session")
def _apps(all_databases: databases.Databases, _clock: SettableClock) -> Iterator[Callable[[str], Flask]]:
    made: dict[str, Flask] = {}

    def app_on(backend: str) -> Flask:
        if backend not in made:
            made[backend] = make_app(all_databases.make(backend), _clock)
        return made[backend]

    yield app_on
    for app in made.values():
        with app.app_context():
            db.engine.dispose()


def make_app(database_url: str, clock: Callable[[], dt.datetime], **settings: Any) -> Flask:
    """An application under test. Errors are raised rather than shown, and what a request leaves unsaved is noted."""
    app = create_app(databases.settings_for(database_url, **settings), source=clock)
    app.config["TESTING"] = True
    app.test_client_class = Client
    watch_for_unsaved_changes(app)
    return app


@pytest.fixture
def app(_apps: Callable[[str], Flask], backend: str, clock: SettableClock) -> Iterator[Flask]:
    """The application on an empty, migrated database. No application context is left open: requests have their own."""
    app = _apps(backend)
    yield app
    app.extensions.pop("limits", None)  # nobody is shut out for what another test tried
    with app.app_context():
        databases.empty(db.engine)


@pytest.fixture(scope="session")
def _demo_school(all_databases: databases.Databases, shared_folder: Path) -> Iterator[demo_school.DemoSchool]:
    url = demo_school.built(all_databases.make("sqlite"), shared_folder)
    app = make_app(url, lambda: START)
    yield demo_school.DemoSchool(app, url)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def demo(_demo_school: demo_school.DemoSchool) -> demo_school.DemoSchool:
    """The demo school, to look at only: tests share it."""
    _demo_school.app.extensions.pop("limits", None)
    return _demo_school


@pytest.fixture
def database_url(app: Flask) -> str:
    """Where the application's database is, for other processes."""
    return str(app.config["SQLALCHEMY_DATABASE_URI"])


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The application's engine."""
    with app.app_context():
        return db.engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """The test's own session. On SQLite an open transaction keeps every other writer waiting: commit or roll back
    before another thread or process is to write. The test client does so before each request.
    """
    with Session(engine) as session:
        yield session


@pytest.fixture
def count_queries(engine: Engine) -> Callable[[], databases.QueryCounter]:
    """`with count_queries() as queries: …; assert queries.count == 3`."""
    return lambda: databases.QueryCounter(engine)


# --- people, browsers, servers --------------------------------------------------------------------------------------


@pytest.fixture
def school(session: Session) -> School:
    """The named cast with departments, roles, two courses and two campuses."""
    return people.open_school(session)


@pytest.fixture
def client(app: Flask, session: Session) -> Client:
    """Somebody's browser, not logged in."""
    return _client(app, session)


@pytest.fixture
def login(app: Flask, session: Session, school: School) -> Callable[[str], Client]:
    """`login("sanjiang")` gives a browser of his own in which that person is logged in."""
    def log_in(username: str) -> Client:
        return _logged_in(app, session, username)

    return log_in


@pytest.fixture
def served(database_url: str, valkey_server: redis.RedisServer, clock: SettableClock, school: School,
           session: Session) -> Iterator[Callable[[str], Client]]:
    """`served("admin")` is somebody's browser where Redis is served; the application's context is open."""
    app = make_app(database_url, clock, redis_url=valkey_server.url)
    with app.app_context():
        yield lambda username: _logged_in(app, session, username)
        queue.connection().close()
        db.engine.dispose()


def _logged_in(app: Flask, session: Session, username: str) -> Client:
    client = _client(app, session)
    response = client.login(username)
    assert response.status_code == 302, f"{username} could not log in: {response.status_code} {response.text[:500]}"
    return client


def _client(app: Flask, session: Session) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    client.test_session = session
    return client


@pytest.fixture
def live_server(database_url: str, session: Session) -> Iterator[Callable[..., LiveServer]]:
    """`live_server(processes=8)` starts the application on a real server and gives it; it ends with the test."""
    running: list[LiveServer] = []

    def start(**options: Any) -> LiveServer:
        session.commit()
        server = LiveServer(database_url, **options)
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; each `new_context()` is a person of its own."""
    with browser.launched() as running:
        yield running


@pytest.fixture
def redis_server() -> Iterator[redis.RedisServer]:
    """Debian's redis-server, running."""
    binary = redis.find_redis_server()
    assert binary is not None
    yield from _running(redis.RedisServer(binary))


@pytest.fixture
def valkey_server() -> Iterator[redis.RedisServer]:
    """The embedded Valkey, running."""
    yield from _running(redis.RedisServer(redis.find_valkey()))


def _running(server: redis.RedisServer) -> Iterator[redis.RedisServer]:
    server.start()
    yield server
    server.close()


@pytest.fixture
def floor(session: Session, clock: SettableClock) -> Floor:
    """What people do with customers, through the services: `floor.claim(customer, by=school.baoyu)`."""
    return Floor(session, clock)


# --- factories ------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_customer(session: Session, school: School, clock: SettableClock) -> Callable[..., Customer]:
    """Takes in a lead through the service, on a date, and commits.

    `make_customer("龙泰", holder=school.sanjiang)` is 三江's, received today; `on=` an earlier date and he may have
    fallen into the pool since; without a holder he goes to the pool, and nobody has held him. Further keywords are
    columns.
    """
    numbers = count(1)

    def make(name: str | None = None, *, holder: Employee | None = None, on: dt.date | None = None,
             courses: list[Course] | None = None, **columns: Any) -> Customer:
        number = next(numbers)
        today = on or clock.today()
        now = dt.datetime(today.year, today.month, today.day, 9, tzinfo=clock.zone)
        if not {"qq", "mobile", "wechat"} & columns.keys():
            columns["qq"] = f"{100_000_000 + number}"
        customer = Customer(name=name or f"客户{number}", courses=list(courses or []), **columns)
        customers.enter(session, customer, holder_id=holder.id if holder else None, today=today, now=now)
        session.commit()
        return customer

    return make


@pytest.fixture
def ranks(session: Session, school: School) -> dict[str, SalesRank]:
    """The write-up's a, b and c: 大傻 (3, 1), 暴雨 (2, 2), 三江 (1, 3)."""
    found = {person.username: SalesRank(consultant=person, num=num, weight=weight) for person, num, weight in (
        (school.dasha, 3, 1), (school.baoyu, 2, 2), (school.sanjiang, 1, 3))}
    session.add_all(found.values())
    session.commit()
    return found


@pytest.fixture
def lead(session: Session, clock: SettableClock, school: School) -> Callable[..., AssignmentEntry]:
    """`lead()` comes in and is dealt out; `lead(strategy=AssignmentStrategy.FEWEST)` by the other strategy."""
    def enter(name: str | None = None, strategy: AssignmentStrategy = AssignmentStrategy.ROUND) -> AssignmentEntry:
        number = session.query(Customer).count()
        entry = assignment.enter(session, Customer(name=name or f"客户{number}", qq=f"{200_000_000 + number}"),
                                 strategy, today=clock.today(), now=clock.now())
        session.commit()
        return entry

    return enter


@pytest.fixture
def make_follow_up(session: Session, clock: SettableClock) -> Callable[..., FollowUp]:
    """Logs a follow-up by the present consultant through the service, on a date, and commits."""
    def make(customer: Customer, note: str = "聊了聊", *, on: dt.date | None = None, **columns: Any) -> FollowUp:
        assert customer.consultant is not None
        today = on or clock.today()
        now = dt.datetime(today.year, today.month, today.day, 10, tzinfo=clock.zone)
        record = follow_ups.log(session, customer.id, customer.consultant, note, today=today, now=now, **columns)
        session.commit()
        return record

    return make


@pytest.fixture
def make_employee(session: Session, school: School) -> Callable[..., Employee]:
    """Hires someone: a consultant of the sales department 1001 unless told otherwise; commits."""
    numbers = count(1)

    def make(name: str | None = None, *, department: int = 1001, role: str = "consultant",
             active: bool = True, **columns: Any) -> Employee:
        number = next(numbers)
        employee = Employee(name=name or f"顾问{number}", username=columns.pop("username", f"employee{number}"),
                            department=school.departments[department], roles=[school.roles[role]], active=active,
                            password_hash=people.password_hash(), **columns)
        session.add(employee)
        session.commit()
        return employee

    return make
