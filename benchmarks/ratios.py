"""Side by side, on this machine: `python -m benchmarks.ratios`. Only the ratios mean anything elsewhere.

1. A contended claim: the conditional UPDATE of `services.claims` against SELECT … FOR UPDATE, then look, then write.
2. A page of a pool of 200,000: the last by keyset against the first, and against the same page by OFFSET.
3. The list of 200,000 customers: a late page against the first, and counting to a thousand against counting all.
4. The audit log: claims, new leads (whose values it seals) and the night, with it against without it.
5. The home page's numbers, a manager's and a consultant's: of 200,000 customers against of 2,000.
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

from sqlalchemy import Engine, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.admin import keyset
from app.admin.lists import MOST_COUNTED
from app.extensions import db
from app.models import Customer, Distribution, Employee, FollowUp
from app.models.choices import DistributionStatus, Intent, Origin
from app.services import claims, customers, desk, distributions, expiry, floor, pool
from app.services.rule_book import RuleBook
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
        session.execute(FollowUp.__table__.delete())
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
    by_offset = select(Customer).where(pool.claimable_by(viewer, TODAY, cool_down_days=0)).order_by(*order)
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


def histories(engine: Engine, number: int) -> None:
    """Customers who each had two consultants in the last 600 days and four follow-ups; one in a hundred is held."""
    ids, day = leads(engine, number), dt.timedelta(days=1)
    with Session(engine) as session:
        who = list(session.scalars(select(Employee.id).order_by(Employee.id)))
        for begin in range(0, number, 5_000):
            held, past, said = [], [], []
            for at, each in enumerate(ids[begin:begin + 5_000], start=begin):
                by, last = who[at % len(who)], TODAY - (at % 600) * day
                common = {"customer_id": each, "consultant_id": by, "origin": Origin.CLAIM, "created_at": NOW}
                past += [common | {"started_on": last - (20 * n + 9) * day, "ended_on": last - 20 * n * day,
                                   "status": DistributionStatus(2 + (at + n) % 4)} for n in (0, 1)]
                said += [{"customer_id": each, "consultant_id": by, "at": NOW, "saved_on": last - n * day,
                          "note": "聊了", "intent": Intent.NO_PLAN} for n in range(4)]
                if at % 100 == 0:
                    held.append(common | {"started_on": TODAY, "status": DistributionStatus.FOLLOWING})
            for table, rows in ((Distribution, past), (Distribution, held), (FollowUp, said)):
                session.execute(insert(table), rows)
        open_ = select(Distribution.consultant_id).where(Distribution.customer_id == Customer.id,
                                                         Distribution.status == DistributionStatus.FOLLOWING)
        session.execute(update(Customer).where(open_.exists()).values(
            consultant_id=open_.scalar_subquery(), recv_date=TODAY, public_on=TODAY + 2 * day,
            public_as=DistributionStatus.NO_FOLLOW_UP).execution_options(synchronize_session=False))
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def the_floor(session: Session) -> None:
    floor.numbers(session, today=TODAY)
    floor.desks(session, today=TODAY, book=RuleBook())
    floor.ended(session, since=TODAY - dt.timedelta(weeks=12))
    floor.received(session, since=TODAY - dt.timedelta(days=30))


def compare_homes(engine: Engine) -> list[str]:
    with Session(engine) as session:
        consultant = session.scalars(select(Employee.id).order_by(Employee.id).limit(1)).one()

    def the_day(session: Session) -> None:
        desk.counts(session, consultant, today=TODAY)
        desk.new_to(session, consultant, today=TODAY)
        desk.month(session, consultant, today=TODAY)

    spent: dict[str, list[float]] = {}
    for number in (POOL // 100, POOL):
        histories(engine, number)
        for name, read in (("a manager's floor", the_floor), ("a consultant's day", the_day)):
            spent.setdefault(name, []).append(milliseconds(read, engine))
    return [f"{name}, of {POOL // 100:,} customers {few:.1f} ms, of {POOL:,} {many:.1f} ms (ratio {many / few:.1f})"
            for name, (few, many) in spent.items()]


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
                    for line in (*compare_lists(db.engine), *compare_homes(db.engine)):
                        print(f"{backend}: {line}")
                    db.engine.dispose()
        finally:
            postgres.stop(shared)


if __name__ == "__main__":
    main()
