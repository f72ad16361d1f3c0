"""The worked example once more, as people live it: pages, forms, a real worker at night, and the clock set."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import queue
from app.models import Customer, Distribution, Employee
from app.queue import Task
from tests.support.crowd import Person
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until

pytestmark = [pytest.mark.queue, on_both_databases]


@pytest.fixture
def floor(live_server, school, clock, clock_file):
    """The people at their desks, on a server at the test's clock."""
    server = live_server(processes=2, clock_file=clock_file)

    def log_in(username: str) -> Person:
        return Person(server.host, server.port).log_in(username)

    return {username: log_in(username) for username in ("sanjiang", "baoyu", "dasha")}


@pytest.fixture
def night(queue_app, backstage, clock, book):
    """`night("2018-05-19")`: it strikes 00:00 on that date, and the worker runs what the schedule puts in."""
    backstage.worker()

    def strike(day: str) -> None:
        clock.set(f"{day} 00:00")
        job_id = queue.enqueue(Task.NIGHTLY)
        wait_until(lambda: (state := queue.job_state(job_id)) is not None and state.is_over, seconds=40,
                   what=f"the night of {day}")
        assert [run.business_date.isoformat() for run in book() if run.finished_at][-1] == day

    return strike


def test_longtai_goes_through_three_hands(floor, night, clock, session):
    sanjiang, baoyu, dasha = floor["sanjiang"], floor["baoyu"], floor["dasha"]

    def rows() -> dict[str, int]:
        query = (select(Employee.name, Distribution.status).join(Distribution.consultant).order_by(Distribution.id))
        found = {name: int(status) for name, status in session.execute(query)}
        session.commit()
        return found

    def in_the_pool_of(person: Person) -> bool:
        return f'data-customer-id="{longtai}"' in person.get("/admin/publicpool/").body

    def my_customers_of(person: Person) -> list[int]:
        return [int(status) for status in re.findall(r'data-status="(\d)"', person.get("/admin/mycustomers/").body)]

    clock.set("2018-05-03 10:00")
    sanjiang.post("/admin/customer/new/", {"name": "龙泰", "gender": 1, "qq": "309914417", "source": 1,
                                           "work_status": 1, "csrf_token": sanjiang.token})
    longtai = session.scalars(select(Customer.id)).one()
    assert rows() == {"三江": 1}
    for day in range(3, 19):
        clock.set(f"2018-05-{day:02} 12:00")
        sanjiang.post("/admin/mycustomers/follow-up/", {"customer_id": longtai, "note": f"第{day}日",
                                                        "csrf_token": sanjiang.token})
    assert not in_the_pool_of(baoyu)

    night("2018-05-19")
    assert rows() == {"三江": 4}

    clock.set("2018-05-19 12:00")
    assert in_the_pool_of(baoyu)
    assert not in_the_pool_of(sanjiang)
    assert sanjiang.claim(longtai).json()["lost"] == [{"id": longtai, "reason": "former_consultant"}]
    assert baoyu.claim(longtai).json() == {"won": [longtai], "lost": []}
    assert rows() == {"三江": 4, "暴雨": 1}

    for day in ("2018-05-20", "2018-05-21", "2018-05-22"):
        night(day)
        assert rows() == {"三江": 4, "暴雨": 1}
    night("2018-05-23")
    assert rows() == {"三江": 4, "暴雨": 3}

    clock.set("2018-05-23 09:00")
    assert dasha.claim(longtai).json()["won"] == [longtai]
    assert rows() == {"三江": 4, "暴雨": 3, "大傻": 1}
    assert [my_customers_of(person) for person in (sanjiang, baoyu, dasha)] == [[4], [3], [1]]
