"""The lists of large tables: the last page is found as the first one is, in the index, and nothing is counted whole."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import delete, event, insert, text

from app.models import Customer, FollowUp
from app.services import palette
from tests.admin.test_lists import step
from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.rows, on_both_databases]

NUMBER = 10_000


@pytest.fixture
def large_tables(session, engine, school, clock):
    today, now = clock.today(), clock.now()
    session.execute(insert(Customer.__table__), [
        {"id": number, "name": f"客户{number}", "qq": str(100_000_000 + number), "date": today,
         "last_consult_date": today, "public_on": today - dt.timedelta(days=number % 300)}
        for number in range(1, NUMBER + 1)])
    session.execute(insert(FollowUp.__table__), [
        {"customer_id": number, "consultant_id": school.sanjiang.id, "at": now - dt.timedelta(minutes=number),
         "saved_on": today, "note": "聊了", "intent": 1} for number in range(1, NUMBER + 1)])
    session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


@pytest.fixture
def plans_of(engine, backend):
    """`plans_of(table, ask)`: how the database carries out what is asked of a table in a given order, or counted."""
    def explain(table: str, ask) -> list[str]:
        seen = []

        def note(_connection, _cursor, statement, parameters, *_):
            if re.search(rf"FROM {table}\b.*(ORDER BY {table}|LIMIT)", statement, re.DOTALL):
                seen.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            ask()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        how = "EXPLAIN " if backend == "postgresql" else "EXPLAIN QUERY PLAN "
        with engine.connect() as connection:
            return ["\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + statement, parameters))
                    for statement, parameters in seen]

    return explain


@pytest.mark.parametrize(("endpoint", "table", "places"), [
    ("customer", "customer", ["", "after=9000", "after=4000", "before=4000"]),
    ("followup", "follow_up", ["", "after=2026-03-01T12:00:00%2B00:00.1", "after=2026-02-24T00:00:00%2B00:00.1"])])
def test_every_page_is_found_in_the_index_in_order(login, large_tables, plans_of, endpoint, table, places):
    admin = login("admin")
    for place in places:
        plans = plans_of(table, lambda place=place: admin.get(f"/admin/{endpoint}/?{place}"))
        assert len(plans) >= 2, "the rows, their bounded number, and whatever the menu counts"
        for plan in plans:
            assert "Sort" not in plan, (place, plan)
            assert "TEMP B-TREE" not in plan, (place, plan)


@pytest.mark.parametrize("column", ["name", "date", "recv_date", "last_consult_date", "public_on"])
@pytest.mark.parametrize("way", ["", "&desc=1"])
def test_in_every_order_a_page_is_found_in_an_index(login, large_tables, plans_of, column, way):
    plans = plans_of("customer", lambda: login("admin").get(f"/admin/customer/?sort={column}{way}"))
    assert len(plans) >= 2
    for plan in plans:
        assert not re.search(r"(^|-> +)Sort\b", plan), plan  # an incremental one sorts those of one name only
        assert "ORDER BY" not in plan.replace("LAST TERM OF ORDER BY", ""), plan


def test_an_old_customer_is_found_by_how_he_begins_without_reading_all(login, large_tables, plans_of, monkeypatch):
    monkeypatch.setattr(palette, "NEWEST", 100)
    admin = login("admin")
    plans = plans_of("customer", lambda: admin.get("/admin/palette/?q=客户12"))
    assert len(plans) == 2
    for plan in plans:
        assert "Seq Scan on customer" not in plan, plan
        assert not re.search(r"SCAN customer\b", plan), plan


def test_counting_ends_at_a_thousand(login, large_tables):
    page = login("admin").get("/admin/customer/", headers={"Accept-Language": "en"}).text
    assert "1,000+ in this list" in page
    assert "10,000" not in page


def test_a_list_is_walked_to_its_end(login, large_tables, session):
    few = 2_000
    session.execute(delete(FollowUp).where(FollowUp.customer_id > few))
    session.execute(delete(Customer).where(Customer.id > few))
    session.commit()
    admin = login("admin")
    url, rows = "/admin/customer/?page_size=200&sort=public_on", 0
    while url is not None:
        page = admin.get(url)
        rows += page.text.count("data-href=")
        url = step(page, "next")
    assert rows == few
