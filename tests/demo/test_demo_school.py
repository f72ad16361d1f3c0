"""The demo school keeps every promise of the design, of any size, on any day, and is the same each time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session

from app import demo
from app.clock import Clock
from app.demo import school as building
from app.errors import ConflictError, DomainError
from app.extensions import Base
from app.models import Customer, Department, Distribution, Employee, FollowUp, JobRun, Setting
from app.models.choices import CustomerStatus, DepartmentFunction, DistributionStatus, Gender
from app.models.setting import DEMO_AS_OF
from app.services import claims, customers, expiry, my_customers, passwords, pool
from app.services.claims import Refusal
from tests.demo import invariants
from tests.support.clock import SettableClock
from tests.support.databases import on_both_databases

AS_OF = dt.date(2026, 5, 23)
Build = Callable[..., Clock]


@pytest.fixture
def build(app: Flask, session: Session, clock: SettableClock) -> Build:
    """Builds a school and commits it; gives the clock it was built by."""
    def make(number: int = 300, *, seed: int = 1, as_of: dt.date = AS_OF, zone: str = "Asia/Shanghai") -> Clock:
        clock.set(dt.datetime(as_of.year, as_of.month, as_of.day, 9, tzinfo=ZoneInfo(zone)))
        school = Clock(ZoneInfo(zone), clock)
        with app.app_context():
            demo.build(session, customers=number, seed=seed, as_of=as_of, now=school.now(), clock=school,
                       on_progress=lambda done, total: None)
        session.commit()
        return school

    return make


def digest(session: Session) -> str:
    """All rows of all tables, but for what must stay unguessable, as one short word."""
    found = hashlib.sha256()
    for table in Base.metadata.sorted_tables:
        if table.name == "audit_entry":  # says when the school was really made
            continue
        columns = [column for column in table.c if column.name != "password_hash"]
        for row in sorted(repr(tuple(row)) for row in session.execute(select(*columns))):
            found.update(row.encode())
    return found.hexdigest()[:16]


def employee(session: Session, username: str) -> Employee:
    return session.scalars(select(Employee).where(Employee.username == username)).one()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("number", [1000, pytest.param(5000, marks=pytest.mark.rows)])
def test_everything_agrees(session: Session, build: Build, number: int, seed: int) -> None:
    clock = build(number, seed=seed)
    invariants.check(session, AS_OF, clock)
    assert session.scalar(select(func.count()).select_from(Customer)) == number
    closed = expiry.expire(session, AS_OF, now=clock.now, on_batch=lambda *_: None)
    assert closed == expiry.Expired(0, 0)


@pytest.mark.parametrize("number", [1, 2, 3, 10, 59, 117])
def test_small_schools(session: Session, build: Build, number: int) -> None:
    invariants.check(session, AS_OF, build(number))
    assert session.scalar(select(func.count()).select_from(Customer)) == number


@pytest.mark.parametrize("as_of", ["2024-02-29", "2023-02-28", "2024-03-31", "2025-12-31", "2026-01-01", "2025-03-01",
                                   "2026-04-30"])
def test_any_day(session: Session, build: Build, as_of: str) -> None:
    day = dt.date.fromisoformat(as_of)
    invariants.check(session, day, build(as_of=day))


@pytest.mark.parametrize(("zone", "as_of"), [
    ("America/New_York", "2026-11-03"), ("Africa/Cairo", "2026-05-01"), ("Pacific/Kiritimati", "2026-01-01"),
    ("America/St_Johns", "2026-03-10")])
def test_any_time_zone(session: Session, build: Build, zone: str, as_of: str) -> None:
    day = dt.date.fromisoformat(as_of)
    invariants.check(session, day, build(as_of=day, zone=zone))


@on_both_databases
def test_both_databases_hold_the_same(session: Session, build: Build, shared_digest: dict[str, str]) -> None:
    demo.clear(session)  # lets the ids begin at one again
    session.commit()
    clock = build(400)
    invariants.check(session, AS_OF, clock)
    shared_digest[session.get_bind().dialect.name] = digest(session)
    assert len(set(shared_digest.values())) == 1
    latest = session.scalar(select(func.max(Customer.id)))
    customers.enter(session, Customer(name="新来的", qq="100000001"), holder_id=None, today=AS_OF, now=clock.now())
    assert session.scalar(select(func.max(Customer.id))) == latest + 1


@pytest.fixture(scope="module")
def shared_digest() -> dict[str, str]:
    return {}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_large_schools_leave_every_index_and_foreign_key(session: Session, build: Build,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_MANY", 1)
    tables = ("customer", "customer_course", "distribution", "follow_up")

    def guards() -> list[object]:
        looking = inspect(session.connection())
        return [sorted(map(str, found(table))) for table in tables
                for found in (looking.get_indexes, looking.get_foreign_keys, looking.get_unique_constraints)]

    before = guards()
    invariants.check(session, AS_OF, build(400))
    assert guards() == before


def test_same_seed_same_school(session: Session, build: Build, app: Flask) -> None:
    digests = []
    for seed in (7, 7, 8):
        with app.app_context():
            demo.clear(session)  # lets the ids begin at one again
        session.commit()
        assert not demo.holds_data(session)
        build(200, seed=seed)
        digests.append(digest(session))
    assert digests[0] == digests[1] != digests[2]


def test_the_story_of_long_tai(session: Session, build: Build) -> None:
    clock = build()
    c = session.scalars(select(Customer).where(Customer.name == "龙泰")).one()
    sanjiang, baoyu, dasha = (employee(session, name) for name in ("sanjiang", "baoyu", "dasha"))
    day = dt.timedelta(days=1)
    rows = session.scalars(select(Distribution).where(Distribution.customer_id == c.id).order_by(Distribution.id)).all()
    assert [(row.consultant, row.started_on, row.ended_on, row.status) for row in rows] == [
        (sanjiang, AS_OF - 20 * day, AS_OF - 4 * day, DistributionStatus.NO_DEAL),
        (baoyu, AS_OF - 4 * day, AS_OF, DistributionStatus.NO_FOLLOW_UP)]
    assert rows[1].created_at == clock.instant(AS_OF - 4 * day, 12)
    talks = session.scalars(select(FollowUp).where(FollowUp.customer_id == c.id).order_by(FollowUp.id)).all()
    assert {talk.consultant for talk in talks} == {sanjiang}
    assert talks[-1].at == clock.instant(AS_OF - 5 * day, 12)
    assert (c.gender, c.consultant, c.public_on) == (Gender.MALE, baoyu, AS_OF)
    assert pool.page(session, dasha.id, today=AS_OF).rows[0].customer is c
    assert claims.claim(session, c.id, baoyu.id, today=AS_OF, now=clock.now()).refusal is Refusal.FORMER_CONSULTANT
    assert claims.claim(session, c.id, dasha.id, today=AS_OF, now=clock.now()).won


@pytest.mark.parametrize("username", ["sanjiang", "baoyu", "dasha"])
def test_demo_consultants_have_something_to_do(session: Session, build: Build, username: str) -> None:
    build(demo.DEFAULT_CUSTOMERS)
    me = employee(session, username).id
    falling = my_customers.falling_next(session, me, today=AS_OF, size=50)
    assert len(falling) >= 8
    assert {c.days_left(AS_OF) for c in falling} >= {1, 2, 3}
    assert len(my_customers.contacts_due(session, me, today=AS_OF)) >= 4
    ended = session.execute(select(Distribution.status, func.count()).group_by(Distribution.status).where(
        Distribution.consultant_id == me, Distribution.ended_on >= AS_OF.replace(day=1)))
    counts = {status: number for status, number in ended}
    assert counts[DistributionStatus.ENROLLED] >= 3
    assert counts[DistributionStatus.NO_FOLLOW_UP] >= 2 and counts[DistributionStatus.NO_DEAL] >= 2


def test_the_school_is_varied(session: Session, build: Build) -> None:
    build(demo.DEFAULT_CUSTOMERS)

    def count(*where: object) -> int:
        return session.scalar(select(func.count()).select_from(Customer).where(*where)) or 0

    today, held = AS_OF, pool.is_held(AS_OF)
    assert count(Customer.status == CustomerStatus.ENROLLED) > 60
    assert count(held) > 40
    assert count(pool.is_public(today), Customer.public_as.is_(None)) > 10
    for fell_on in (AS_OF, AS_OF - dt.timedelta(days=1)):
        assert count(pool.is_public(today), Customer.public_on == fell_on, Customer.public_as.is_not(None)) >= 6
    assert {status for (status,) in session.execute(select(Distribution.status).distinct())} == (
        set(DistributionStatus) - {DistributionStatus.MERGED})
    hands = select(func.count().label("hands")).select_from(Distribution).group_by(Distribution.customer_id).subquery()
    assert set(session.scalars(select(hands.c.hands))) >= {1, 2, 3, 4, 5}
    naming = select(func.count()).select_from(FollowUp).join(Customer).where(
        FollowUp.note.contains(Customer.mobile) | FollowUp.note.contains(Customer.qq)
        | FollowUp.note.contains(Customer.wechat))
    assert (session.scalar(naming) or 0) > 50
    assert (session.scalar(select(func.count(FollowUp.note.distinct()))) or 0) > 1000


def test_logins_and_the_mark(session: Session, build: Build) -> None:
    build(20)
    assert session.get_one(Setting, DEMO_AS_OF).value == AS_OF.isoformat()
    for login in demo.DEMO_LOGINS:
        found = employee(session, login.username)
        assert found.name == login.name
        assert [role.code for role in found.roles] == [login.title.lower()]
        assert passwords.verify(found, demo.DEMO_PASSWORD)
    for username in ("sanjiang", "baoyu", "dasha"):
        assert employee(session, username).can_hold_customers


def test_what_is_there_already_is_kept(session: Session, build: Build) -> None:
    night = dt.datetime(2026, 5, 23, tzinfo=dt.UTC)
    session.add_all([Department(code=1001, title="我们的销售", function=DepartmentFunction.SALES),
                     JobRun(task="expiry", business_date=AS_OF, first_missed=AS_OF, started_at=night,
                            finished_at=night)])
    session.commit()
    build(10)
    assert session.scalar(select(Department.title).where(Department.code == 1001)) == "我们的销售"


def test_refusals(session: Session, build: Build, app: Flask, clock: SettableClock) -> None:
    clock.set(AS_OF)
    with app.app_context():
        for number, as_of in ((0, AS_OF), (10**8, AS_OF), (5, AS_OF + dt.timedelta(days=1))):
            with pytest.raises(DomainError):
                demo.build(session, customers=number, seed=1, as_of=as_of, now=clock.now(),
                           clock=Clock(clock.zone, clock), on_progress=lambda *_: None)
        session.add(Department(code=1001, title="教学部", function=DepartmentFunction.TEACHING))
        with pytest.raises(ConflictError):
            build(5)
        session.rollback()
        build(5)
        with pytest.raises(ConflictError):
            build(5)
        assert demo.customers_of_people(session) == 0
        session.delete(session.get_one(Setting, DEMO_AS_OF))
        session.flush()
        assert demo.customers_of_people(session) == 5
        session.rollback()


@pytest.mark.parametrize("spoil", [
    update(Customer).where(Customer.name == "龙泰").values(public_on=AS_OF - dt.timedelta(days=1)),
    update(Distribution).where(Distribution.status == DistributionStatus.NO_DEAL)
    .values(status=DistributionStatus.NO_FOLLOW_UP),
    update(Distribution).where(Distribution.status == DistributionStatus.FOLLOWING)
    .values(status=DistributionStatus.RELEASED, ended_on=AS_OF),
    update(FollowUp).where(FollowUp.id == 1).values(saved_on=AS_OF),
    update(Customer).where(Customer.mobile.is_not(None)).values(mobile="+86" + Customer.mobile),
    update(JobRun).values(closed_deal=JobRun.closed_deal + 1),
], ids=["fall", "reason", "holder", "saved_on", "contact", "nights"])
def test_the_checker_sees_what_is_wrong(session: Session, build: Build, spoil: object) -> None:
    clock = build(100)
    session.execute(spoil)
    with pytest.raises(AssertionError):
        invariants.check(session, AS_OF, clock)
