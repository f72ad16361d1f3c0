"""A database that is busy or away is no fault of who asks: he is told to come back, and nothing is done half."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import TestResponse

from app.database_errors import is_passing
from app.models import Distribution
from tests.support.databases import on_both_databases


@pytest.fixture
def impatient(engine: Engine) -> Iterator[None]:
    """On SQLite nobody waits for a lock."""
    def wait_for_nothing(connection, _record):
        connection.execute("PRAGMA busy_timeout = 0")

    engine.dispose()
    event.listen(engine, "connect", wait_for_nothing)
    yield
    event.remove(engine, "connect", wait_for_nothing)
    engine.dispose()


def error_of(act: Callable[[], object]) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as raised:
        act()
    return raised.value


class TestWhileSomebodyElseWrites:
    @pytest.fixture
    def claim(self, login, make_customer, session, impatient) -> Callable[[], TestResponse]:
        """A customer of the pool, and how 暴雨 claims him."""
        customer_id = make_customer().id
        browser = login("baoyu")
        session.close()
        token = browser.csrf_token()
        return lambda: browser.post("/admin/claim/", data={"csrf_token": token, "customer_id": customer_id},
                                    headers={"Accept": "application/json"})

    def test_who_claims_is_told_to_come_back_and_then_succeeds(self, claim, engine, session):
        with engine.connect() as other, other.begin():
            answer = claim()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "数据库繁忙" in answer.json["error"]
        assert session.scalars(select(Distribution)).all() == []
        session.close()
        assert claim().status_code == 200
        assert len(session.scalars(select(Distribution)).all()) == 1

    def test_reading_goes_on(self, login, engine, session, impatient):
        browser = login("baoyu")
        session.close()
        with engine.connect() as other, other.begin():
            assert browser.get("/admin/publicpool/").status_code == 200


@on_both_databases
@pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "INSERT INTO campus (id) VALUES (NULL)", "nonsense"])
def test_a_mistake_of_ours_does_not_pass(session, statement):
    assert not is_passing(error_of(lambda: session.execute(text(statement))))


def test_what_is_no_error_of_a_database_does_not_pass():
    assert not is_passing(ValueError("database is locked"))


def test_a_server_that_is_not_there_passes():
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert is_passing(error_of(nowhere.connect))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
class TestWhatPassesOnPostgreSQL:
    @pytest.fixture
    def other(self, engine) -> Iterator[Engine]:
        made = create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
        yield made
        made.dispose()

    def test_a_server_that_shuts_down(self, session, other):
        with other.connect() as connection:
            number = connection.scalar(text("SELECT pg_backend_pid()"))
            session.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
            assert is_passing(error_of(lambda: connection.execute(text("SELECT 1"))))

    def test_a_lock_that_is_not_to_be_had(self, session, other):
        session.execute(text("LOCK TABLE campus"))
        with other.connect() as connection:
            connection.execute(text("SET lock_timeout = 1"))
            assert is_passing(error_of(lambda: connection.execute(text("SELECT * FROM campus"))))

    def test_no_connection_left(self, other):
        with other.connect():
            assert is_passing(error_of(other.connect))

    @pytest.mark.parametrize(("sqlstate", "passes"), [("53300", True), ("53100", False)],
                             ids=["too many connections", "a disk that is full"])
    def test_no_room(self, session, sqlstate, passes):
        full = text(f"DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '{sqlstate}'; END $$")
        assert is_passing(error_of(lambda: session.execute(full))) is passes
