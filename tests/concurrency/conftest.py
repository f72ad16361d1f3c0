"""A school with many consultants on a database of its own, and servers on it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Customer, Distribution, Employee
from app.models.choices import DistributionStatus, Origin
from app.services import customers
from tests.conftest import make_app
from tests.support import people
from tests.support.clock import SettableClock
from tests.support.crowd import Person, all_at_once
from tests.support.databases import Databases, empty
from tests.support.live_server import LiveServer
from tests.support.people import School

PROCESSES = 8
"""With two, a naive claim was caught in only two of four rounds; with eight in all."""


class Arena:
    """Where the races are run: consultants enough, customers in the pool, and the state afterwards."""

    def __init__(self, app: Flask, clock: SettableClock, clock_file: Path) -> None:
        self.app, self.clock = app, clock
        self.database_url = str(app.config["SQLALCHEMY_DATABASE_URI"])
        with app.app_context():
            self.engine: Engine = db.engine
        clock.file = clock_file
        clock.write()
        self.consultants: list[str] = []
        self.consultant_ids: list[int] = []

    def session(self) -> Session:
        """A session of one's own; for each thread one."""
        return Session(self.engine)

    def open(self, consultants: int) -> School:
        """Open the school and hire."""
        with self.session() as session:
            school = people.open_school(session)
            hired = [Employee(name=f"顾问{i}", username=f"consultant{i}", department_code=(1001, 1005)[i % 2],
                              roles=[school.roles["consultant"]], password_hash=people.password_hash())
                     for i in range(consultants)]
            session.add_all(hired)
            session.commit()
            self.consultants = [each.username for each in hired]
            self.consultant_ids = [each.id for each in hired]
            return school

    def fallen(self, number: int, *, former: str = "sanjiang", days_ago: int = 4) -> list[int]:
        """Customers who have fallen into the pool from a consultant; no night has closed their rows."""
        return self.received(number, former, self.clock.today() - dt.timedelta(days=days_ago))

    def received(self, number: int, holder: str, on: dt.date) -> list[int]:
        """Customers a consultant received on a day."""
        now = dt.datetime(on.year, on.month, on.day, 9, tzinfo=self.clock.zone)
        with self.session() as session:
            holder_id = session.scalars(select(Employee.id).where(Employee.username == holder)).one()
            first = (session.scalar(select(func.max(Customer.id))) or 0) + 1
            made = [Customer(name=f"客户{i}", qq=f"{100_000_000 + first + i}") for i in range(number)]
            for customer in made:
                customers.enter(session, customer, holder_id=holder_id, today=on, now=now)
            session.commit()
            return [customer.id for customer in made]

    def drop_the_index(self) -> None:
        """Take away the constraint that there is one open row a customer."""
        with self.engine.begin() as connection:
            connection.execute(text("DROP INDEX uq_distribution_open_customer"))

    def restore_the_index(self) -> None:
        """Empty the database and put the constraint back."""
        empty(self.engine)
        index = next(i for i in Distribution.__table__.indexes if i.name == "uq_distribution_open_customer")
        index.create(self.engine)

    def log_everyone_in(self, server: LiveServer) -> list[Person]:
        """A browser for each consultant."""
        people_here = []
        for begin in range(0, len(self.consultants), 8):
            people_here += all_at_once([
                lambda username=username: Person(server.host, server.port).log_in(username)
                for username in self.consultants[begin:begin + 8]])
        return people_here

    def open_rows(self) -> Counter[int]:
        """How many open rows each customer has."""
        with self.session() as session:
            rows = session.execute(select(Distribution.customer_id, func.count()).group_by(Distribution.customer_id)
                                   .where(Distribution.status == DistributionStatus.FOLLOWING))
            return Counter({customer_id: number for customer_id, number in rows})

    def claims_on_record(self) -> Counter[int]:
        """How many rows that began with a claim each customer has."""
        with self.session() as session:
            rows = session.execute(select(Distribution.customer_id, func.count()).group_by(Distribution.customer_id)
                                   .where(Distribution.origin == Origin.CLAIM))
            return Counter({customer_id: number for customer_id, number in rows})

    def check_whole(self) -> None:
        """Held means exactly one open row, his; an open row otherwise means public and awaiting the night."""
        today = self.clock.today()
        with self.session() as session:
            open_rows = {row.customer_id: row for row in session.scalars(
                select(Distribution).where(Distribution.status == DistributionStatus.FOLLOWING))}
            for customer in session.scalars(select(Customer)):
                row = open_rows.get(customer.id)
                if customer.is_held(today):
                    assert row is not None, f"{customer.id} is held without an open row"
                    assert row.consultant_id == customer.consultant_id
                elif row is not None:
                    assert customer.is_public(today)
                    assert customer.public_as in {DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL}
                    assert row.consultant_id == customer.consultant_id


class Ground:
    """What is worth keeping from race to race: a migrated database and the servers on it."""

    def __init__(self, app: Flask, clock_file: Path) -> None:
        self.app, self.clock_file = app, clock_file
        self.servers: dict[str, LiveServer] = {}

    def server(self, factory: str) -> LiveServer:
        """The server with an application, started when first asked for; eight processes take their time."""
        if factory not in self.servers:
            self.servers[factory] = LiveServer(str(self.app.config["SQLALCHEMY_DATABASE_URI"]), app=factory,
                                               processes=PROCESSES, clock_file=self.clock_file)
            self.servers[factory].start()
        return self.servers[factory]

    def close(self) -> None:
        """Stop the servers and let go of the database."""
        for server in self.servers.values():
            server.__exit__(None, None, None)
        with self.app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="session")
def _grounds(all_databases: Databases, _clock: SettableClock,
             tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ground]]:
    made: dict[str, Ground] = {}

    def ground_on(backend: str) -> Ground:
        if backend not in made:
            app = make_app(all_databases.make(backend), _clock, web_threads=64)
            made[backend] = Ground(app, tmp_path_factory.mktemp("clock") / "now")
        return made[backend]

    yield ground_on
    for ground in made.values():
        ground.close()


@pytest.fixture
def ground(_grounds: Callable[[str], Ground], backend: str) -> Ground:
    return _grounds(backend)


@pytest.fixture
def arena(ground: Ground, clock: SettableClock) -> Iterator[Arena]:
    """An empty arena; `arena.open(50)` hires fifty consultants."""
    made = Arena(ground.app, clock, ground.clock_file)
    yield made
    empty(made.engine)


@pytest.fixture
def serve(ground: Ground, arena: Arena) -> Callable[..., LiveServer]:
    """`serve()` gives the application on a real server with eight processes on the arena's database."""
    return lambda app="app:create_app()": ground.server(app)
