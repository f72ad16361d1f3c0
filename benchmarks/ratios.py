"""Side by side, on this machine: `python -m benchmarks.ratios`. Only the ratios mean anything elsewhere.

1. A contended claim: the conditional UPDATE of `services.claims` against SELECT … FOR UPDATE, then look, then write.
2. A page of a pool of 200,000: the last by keyset against the first, and against the same page by OFFSET.
3. The list of 200,000 customers: a late page against the first, and counting to a thousand against counting all.
4. The audit log: claims, new leads (whose values it seals) and the night, with it against without it.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.orm import Session

from app.admin import keyset
from app.admin.lists import MOST_COUNTED
from app.extensions import db
from app.models import Customer, Distribution, Employee
from app.models.choices import DistributionStatus, Origin
from app.services import claims, customers, distributions, expiry, pool
from tests.conftest import make_app
from tests.support import databases, people, postgres

TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
THREADS, CUSTOMERS, EACH, ROUNDS = 16, 50, 10, 7
POOL, SIZE, READINGS = 200_000, 50, 15
CLAIMED, ENTERED, NIGHT = 200, 200, 2_000
_numbers = count(10_000_000)

Claim = Callable[[Session, int, int], bool]


def by_conditional_update(session: Session, customer_id: int, claimant_id: int) -> bool:
    return claims.claim(session, customer_id, claimant_id, today=TODAY, now=NOW).won


def by_select_for_update(session: Session, customer_id: int, claimant_id: int) -> bool:
    claimant = distributions.lock_holder(session, claimant_id)
    customer = distributions.lock_customer(session, customer_id)
    if not customer.is_public(TODAY) or customer.consultant_id == claimant_id:
        return False
    distributions.end(session, customer, DistributionStatus.TRANSFERRED, today=TODAY, now=NOW)
    distributions.begin(session, customer, claimant, Origin.CLAIM, today=TODAY, now=NOW)
    return True


def leads(engine: Engine, number: int) -> list[int]:
    """Empty the pool and fill it; each customer fell on one of the last 300 days."""
    with Session(engine) as session:
        session.execute(Distribution.__table__.delete())
        session.execute(Customer.__table__.delete())
        for begin in range(0, number, 10_000):
            session.execute(insert(Customer), [
                {"name": f"客户{i}", "qq": str(100_000_000 + i), "date": TODAY, "last_consult_date": TODAY,
                 "public_on": TODAY - dt.timedelta(days=i % 300)} for i in range(begin, min(begin + 10_000, number))])
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # as its own maintenance does by day
    with Session(engine) as session:
        return list(session.scalars(select(Customer.id)))


def seconds_of_a_round(engine: Engine, claim: Claim, claimants: list[int]) -> float:
    ids = leads(engine, CUSTOMERS)

    def one(turn: int) -> bool:
        with Session(engine) as session:
            won = claim(session, ids[turn % CUSTOMERS], claimants[turn % len(claimants)])
            session.commit()
            return won

    with ThreadPoolExecutor(THREADS) as threads:
        began = time.perf_counter()
        won = sum(threads.map(one, range(CUSTOMERS * EACH)))
        spent = time.perf_counter() - began
    assert won == CUSTOMERS
    return spent


def compare_claims(engine: Engine) -> str:
    with Session(engine) as session:
        school = people.open_school(session)
        department = school.departments[1001]
        hired = [Employee(name=f"顾问{i}", username=f"c{i}", department=department) for i in range(49)]
        session.add_all(hired)
        session.commit()
        claimants = [each.id for each in hired]
    ways = {"conditional UPDATE": by_conditional_update, "SELECT FOR UPDATE": by_select_for_update}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            spent[name].append(seconds_of_a_round(engine, way, claimants))
    update, for_update = (statistics.median(spent[name]) for name in ways)
    return (f"{CUSTOMERS * EACH} claims on {CUSTOMERS} customers, {THREADS} threads: conditional UPDATE {update:.2f} s,"
            f" SELECT FOR UPDATE {for_update:.2f} s: ratio {for_update / update:.2f}")


def milliseconds(read: Callable[[Session], object], engine: Engine) -> float:
    spent = []
    for _ in range(READINGS):
        with Session(engine) as session:
            began = time.perf_counter()
            read(session)
            spent.append(time.perf_counter() - began)
    return 1000 * statistics.median(spent)


def compare_pages(engine: Engine) -> str:
    leads(engine, POOL)
    order = (Customer.public_on.desc(), Customer.id.desc())
    with Session(engine) as session:
        viewer = session.scalars(select(Employee.id).limit(1)).one()
        deep = session.execute(select(Customer.public_on, Customer.id).order_by(*order)
                               .offset(POOL - 2 * SIZE).limit(1)).one()
    first = milliseconds(lambda s: pool.page(s, viewer, today=TODAY, size=SIZE), engine)
    after = deep[0], deep[1]
    last = milliseconds(lambda s: pool.page(s, viewer, today=TODAY, size=SIZE, after=after), engine)
    by_offset = select(Customer).where(pool.claimable_by(viewer, TODAY)).order_by(*order)
    offset = milliseconds(lambda s: s.scalars(by_offset.offset(POOL - 2 * SIZE).limit(SIZE)).all(), engine)
    return (f"a pool of {POOL:,}: first page {first:.1f} ms, a page near the end by keyset {last:.1f} ms "
            f"(ratio {last / first:.2f}), by OFFSET {offset:.1f} ms (ratio {offset / first:.1f})")


def compare_lists(engine: Engine) -> list[str]:
    """The list as its screen reads it, of the customers `compare_pages` has made, by number and by a date with ties."""
    with Session(engine) as session:
        first_id, last_id = session.execute(select(func.min(Customer.id), func.max(Customer.id))).one()
    found = []
    for name, order, late in (
            ("by number", keyset.Order(Customer.id, descending=True), (first_id + SIZE,)),
            ("by the day of the fall", keyset.Order(Customer.id, Customer.public_on),
             (TODAY - dt.timedelta(days=1), last_id))):
        first, last = (milliseconds(lambda s, order=order, after=after: keyset.page(
            s.query(Customer), order, size=SIZE, after=after), engine) for after in (None, late))
        found.append(f"a list of {POOL:,} {name}: first page {first:.1f} ms, a late one {last:.1f} ms "
                     f"(ratio {last / first:.2f})")
    bounded = select(Customer.id).limit(MOST_COUNTED + 1).subquery()
    few, all_of_them = (milliseconds(lambda s, rows=rows: s.scalar(select(func.count()).select_from(rows)), engine)
                        for rows in (bounded, Customer))
    return [*found, f"counting to {MOST_COUNTED:,} {few:.1f} ms, counting all {all_of_them:.1f} ms "
                    f"(ratio {all_of_them / few:.1f})"]


def seconds_of(engine: Engine, work: Callable[[Session], object], *, logged: bool) -> float:
    quiet = nullcontext() if logged else patch("app.services.audit.record")
    with quiet, Session(engine) as session:
        began = time.perf_counter()
        work(session)
        session.commit()
        return time.perf_counter() - began


def claim_each(session: Session, ids: list[int], claimant_id: int) -> None:
    for each in ids:
        assert by_conditional_update(session, each, claimant_id)
        session.commit()


def enter_many(session: Session) -> None:
    start = next(_numbers)
    for number in range(ENTERED):
        customers.enter(session, Customer(name="龙泰", qq=f"{start}0{number}", company="公司", courses=[]),
                        holder_id=None, today=TODAY, now=NOW)
        session.commit()


def run_the_night(session: Session) -> None:
    expiry.expire(session, TODAY + dt.timedelta(days=30), now=lambda: NOW,
                  on_batch=lambda *_: session.commit())


def compare_audit(engine: Engine) -> list[str]:
    with Session(engine) as session:
        claimant = session.scalars(select(Employee.id).where(Employee.username == "c1")).one()
    spent: dict[str, dict[bool, list[float]]] = {}
    for _ in range(ROUNDS):
        for logged in (True, False):
            ids = leads(engine, NIGHT)
            for name, work in (("claims", lambda s, ids=ids: claim_each(s, ids[:CLAIMED], claimant)),
                               ("new leads", enter_many)):
                spent.setdefault(name, {}).setdefault(logged, []).append(seconds_of(engine, work, logged=logged))
            with patch("app.services.audit.record"), Session(engine) as session:
                claim_each(session, ids[CLAIMED:], claimant)
            spent.setdefault("the night", {}).setdefault(logged, []).append(
                seconds_of(engine, run_the_night, logged=logged))
    found = []
    for name, seconds in spent.items():
        with_log, without = (statistics.median(seconds[logged]) for logged in (True, False))
        found.append(f"{name} with the audit log {with_log:.2f} s, without {without:.2f} s: "
                     f"ratio {with_log / without:.2f}")
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        made = databases.Databases(shared, shared, "benchmark")
        backends = ["sqlite", *(["postgresql"] if postgres.is_available() else [])]
        try:
            for backend in backends:
                app = make_app(made.make(backend), lambda: NOW, web_threads=THREADS)
                with app.app_context():
                    print(f"{backend}: {compare_claims(db.engine)}")
                    for line in compare_audit(db.engine):
                        print(f"{backend}: {line}")
                    print(f"{backend}: {compare_pages(db.engine)}")
                    for line in compare_lists(db.engine):
                        print(f"{backend}: {line}")
                    db.engine.dispose()
        finally:
            postgres.stop(shared)


if __name__ == "__main__":
    main()
