"""The pool at size: its index serves the first page and the last, without sorting."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from app.models import Customer
from app.services import counting, pool
from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.rows, on_both_databases]

NUMBER = 10_000


@pytest.fixture
def a_large_pool(session, engine, school, clock):
    today = clock.today()
    session.execute(insert(Customer.__table__), [
        {"name": f"客户{i}", "qq": str(100_000_000 + i), "date": today, "last_consult_date": today,
         "public_on": today - dt.timedelta(days=i % 300)} for i in range(NUMBER)])
    session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE customer"))


@pytest.fixture
def plan_of(engine, backend):
    """`plan_of(read)`: how the database carries out the statement by which the customers are read."""
    def explain(read) -> str:
        seen = []

        def note(_connection, _cursor, statement, parameters, *_):
            if "ORDER BY customer.public_on DESC" in statement:
                seen.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            with Session(engine) as session:
                read(session)
                [(statement, parameters)] = seen
                how = "EXPLAIN " if backend == "postgresql" else "EXPLAIN QUERY PLAN "
                rows = session.connection().exec_driver_sql(how + statement, parameters)
                return "\n".join(str(row[-1]) for row in rows)
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return explain


def test_every_page_is_found_in_the_index_in_order(*, session, a_large_pool, plan_of, school, clock):
    viewer_id = school.baoyu.id
    session.commit()
    for days in (None, 150, 298):
        after = None if days is None else (clock.today() - dt.timedelta(days=days), 10**6)
        plan = plan_of(lambda session, after=after: pool.page(session, viewer_id, today=clock.today(), after=after))
        assert "ix_customer_public_on" in plan, days
        assert "Sort" not in plan, days
        assert "TEMP B-TREE" not in plan, days
        assert "Seq Scan on customer" not in plan, days


def test_the_number_of_each_reason_is_read_from_an_index_and_no_further_than_it_is_shown(
        *, session, engine, backend, a_large_pool, school, clock):
    statements = []

    def note(_connection, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    viewer_id = school.baoyu.id
    session.commit()
    with Session(engine) as reading:
        event.listen(engine, "before_cursor_execute", note)
        try:
            counts = pool.counts_by_reason(reading, viewer_id, today=clock.today())
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert counts == {None: counting.ENOUGH + 1}
        how = "EXPLAIN " if backend == "postgresql" else "EXPLAIN QUERY PLAN "
        [(statement, parameters)] = [each for each in statements if "public_as" in each[0]]
        plan = "\n".join(str(row[-1]) for row in reading.connection().exec_driver_sql(how + statement, parameters))
    assert "ix_customer_public_as" in plan
    assert "SCAN customer\n" not in plan + "\n"
    assert statement.count("LIMIT") == len(pool.REASONS)


def test_what_has_come_to_a_page_is_looked_for_among_the_newest_only(
        *, session, engine, a_large_pool, school, clock, count_queries):
    viewer_id = school.baoyu.id
    session.commit()
    with Session(engine) as reading:
        page = pool.page(reading, viewer_id, today=clock.today())
        shown = [row.customer.id for row in page.rows]
        with count_queries() as queries:
            assert pool.arrivals(reading, viewer_id, shown, today=clock.today(), until=page.after) == 0
            assert pool.departures(reading, viewer_id, shown, today=clock.today()) == []
        assert queries.count == 2
