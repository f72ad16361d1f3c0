"""What it costs that pages ask what has changed: `python -m benchmarks.polling`. Only the ratios mean anything.

With a pool of 200,000: the question of a page of fifty against the page itself; how busy a hundred people's pages keep
a process; and the numbers on the chips against counting the whole pool.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Customer, Employee
from app.services import pool
from benchmarks.ratios import NOW, POOL, READINGS, TODAY, leads
from tests.conftest import make_app
from tests.support import databases, people, postgres

PEOPLE, EVERY, CALM = 100, 3.0, 6.0  # as in static/live.js


@dataclass(frozen=True)
class Cost:
    """Milliseconds of this process' own work, whatever else the machine does, and by the clock on the wall."""

    own: float
    wall: float

    def __str__(self) -> str:
        return f"{self.own:.1f} ms (by the wall {self.wall:.1f})"


def cost_of(act: Callable[[], object]) -> Cost:
    """The medians of some readings."""
    act()
    own, wall = [], []
    for _ in range(READINGS):
        began, began_at = time.process_time(), time.perf_counter()
        act()
        own.append(time.process_time() - began)
        wall.append(time.perf_counter() - began_at)
    return Cost(1000 * statistics.median(own), 1000 * statistics.median(wall))


def compare_with_the_page(app, session: Session) -> str:
    browser = app.test_client()
    assert browser.login("baoyu").status_code == 302
    viewer = session.scalars(select(Employee.id).where(Employee.username == "baoyu")).one()
    page = pool.page(session, viewer, today=TODAY)
    shown = ",".join(str(row.customer.id) for row in page.rows)
    until = f"{page.after[0].isoformat()}.{page.after[1]}"
    session.rollback()

    def read(path: str) -> Cost:
        def act() -> None:
            assert browser.get(path, headers={"Accept": "application/json"}).status_code == 200
        return cost_of(act)

    listed = read("/admin/publicpool/")
    asked = read(f"/admin/publicpool/changes/?shown={shown}&until={until}")
    filtered = read(f"/admin/publicpool/changes/?shown={shown}&until={until}&q=999999")
    busy = " or ".join(f"{PEOPLE / every * asked.own / 1000:.0%} (every {every:.0f} s)" for every in (EVERY, CALM))
    return (f"a page of a pool of {POOL:,}: {listed}, asking what has changed on it {asked}, "
            f"ratio {asked.own / listed.own:.2f}, on a searched one {filtered}; {PEOPLE} people asking keep one "
            f"process busy for {busy}")


def compare_counts(session: Session) -> str:
    viewer = session.scalars(select(Employee.id).where(Employee.username == "baoyu")).one()
    everything = (select(Customer.public_as, func.count()).where(pool.claimable_by(viewer, TODAY, cool_down_days=0))
                  .group_by(Customer.public_as))
    bounded = cost_of(lambda: pool.counts_by_reason(session, viewer, today=TODAY))
    whole = cost_of(lambda: session.execute(everything).all())
    return (f"the numbers on the chips: {bounded}, counting the whole pool {whole} "
            f"(ratio by the wall {whole.wall / bounded.wall:.0f})")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        made = databases.Databases(shared, shared, "benchmark")
        backends = ["sqlite", *(["postgresql"] if postgres.is_available() else [])]
        try:
            for backend in backends:
                app = make_app(made.make(backend), lambda: NOW)
                with app.app_context():
                    engine = db.engine
                with Session(engine) as session:
                    people.open_school(session)
                    session.commit()
                leads(engine, POOL)
                with Session(engine) as session:
                    print(f"{backend}: {compare_with_the_page(app, session)}")
                    print(f"{backend}: {compare_counts(session)}")
                engine.dispose()
        finally:
            postgres.stop(shared)


if __name__ == "__main__":
    main()
