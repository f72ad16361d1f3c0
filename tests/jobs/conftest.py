"""Fixtures of the job tests."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import create_app, queue
from app.extensions import db
from app.models import Customer, Distribution, Employee, JobRun
from app.models.choices import DistributionStatus, Origin
from app.services.rules import fall
from config import Settings
from tests.support.backstage import Backstage
from tests.support.clock import SettableClock
from tests.support.databases import settings_for
from tests.support.redis import RedisServer

Holdings = list[tuple[int, int, str | None]]


@pytest.fixture(autouse=True)
def same_time_zone() -> Iterator[None]:
    """Whatever time zone a test gives this process, it is as before after it."""
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture
def redis_client(valkey_server: RedisServer) -> Iterator[Redis]:
    """A client of the embedded Valkey."""
    client = queue.connect(Settings(_env_file=None, app_env="demo", redis_url=valkey_server.url))
    yield client
    client.close()


@pytest.fixture
def queue_app(valkey_server: RedisServer, database_url: str, clock: SettableClock) -> Iterator[Flask]:
    """An application with a queue, its context open."""
    app = create_app(settings_for(database_url, redis_url=valkey_server.url), source=clock)
    with app.app_context():
        yield app
        queue.connection().close()
        db.engine.dispose()


@pytest.fixture
def backstage(tmp_path: Path, database_url: str, valkey_server: RedisServer, clock_file: Path) -> Iterator[Backstage]:
    """Workers and schedulers on the embedded Valkey, at the test's clock."""
    made = Backstage(tmp_path, database_url=database_url, redis_url=valkey_server.url, clock_file=clock_file)
    yield made
    made.stop()


@pytest.fixture
def hold(session: Session) -> Callable[..., None]:
    """`hold(sanjiang, 500, received=day, followed_up=day)`: so many customers at once, each with an open row."""
    numbers = count(1_000_000)

    def store(holder: Employee, number: int, *, received: dt.date, followed_up: dt.date | None = None) -> None:
        last = followed_up or received
        end = fall(received, last)
        consultant_id = holder.id
        customers = [{"name": f"客户{n}", "qq": f"{n}", "consultant_id": consultant_id, "date": received,
                      "recv_date": received, "last_consult_date": last, "public_on": end.public_on,
                      "public_as": end.public_as} for n in (next(numbers) for _ in range(number))]
        session.execute(insert(Customer), customers)
        first, last_one = customers[0]["qq"], customers[-1]["qq"]
        ids = session.scalars(select(Customer.id).where(Customer.qq.between(first, last_one))).all()
        began = dt.datetime(received.year, received.month, received.day, 1, tzinfo=dt.UTC)
        session.execute(insert(Distribution), [
            {"consultant_id": consultant_id, "customer_id": customer_id, "started_on": received,
             "status": DistributionStatus.FOLLOWING, "origin": Origin.ENTRY, "created_at": began}
            for customer_id in ids])
        session.commit()

    return store


@pytest.fixture
def holdings(session: Session) -> Callable[[], Holdings]:
    """What the nights leave behind: each holding with its status and last day."""
    def read() -> Holdings:
        session.rollback()
        rows = session.execute(select(Distribution.customer_id, Distribution.status, Distribution.ended_on)
                               .order_by(Distribution.customer_id, Distribution.id)).all()
        session.rollback()
        return [(customer, int(status), ended.isoformat() if ended else None) for customer, status, ended in rows]

    return read


@pytest.fixture
def reopen(session: Session) -> Callable[[], None]:
    """Undo what the nights did, to let them do it again."""
    def undo() -> None:
        session.rollback()
        session.query(Distribution).update({"status": DistributionStatus.FOLLOWING, "ended_on": None,
                                            "closed_at": None})
        session.query(JobRun).delete()
        session.commit()

    return undo


@pytest.fixture
def book(session: Session) -> Callable[[], list[JobRun]]:
    """The book of runs, oldest first."""
    def read() -> list[JobRun]:
        session.rollback()
        runs = list(session.scalars(select(JobRun).order_by(JobRun.business_date)
                                    .execution_options(populate_existing=True)))
        session.expunge_all()
        session.rollback()
        return runs

    return read
