"""/healthz and /readyz: what they say, when they say 503, and what they never say."""

from __future__ import annotations

import datetime as dt

import pytest

from app.services import nightly
from tests.conftest import make_app
from tests.support.databases import on_both_databases
from tests.support.redis import RedisServer

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def ready(database_url, valkey_server: RedisServer, clock):
    """The answer of /readyz where Redis is served."""
    app = make_app(database_url, clock, redis_url=valkey_server.url)
    yield lambda: app.test_client().get("/readyz")
    from app import queue
    from app.extensions import db
    with app.app_context():
        queue.connection().close()
        db.engine.dispose()


def test_alive_is_said_without_asking_anyone(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


@pytest.mark.queue
@on_both_databases
class TestReady:
    def test_when_database_migrations_and_redis_are_there(self, ready):
        response = ready()
        assert response.status_code == 200
        assert response.json == {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok",
                                 "last_night": {"as_of": None, "due": True}}

    def test_tells_the_last_night(self, ready, session, clock):
        nightly.run(session, clock.today(), today=clock.today(), now=clock.now,
                    on_batch=lambda _done, _total: session.commit())
        night = ready().json["last_night"]
        assert (night["as_of"], night["due"], night["closed_follow_up"]) == ("2026-03-02", False, 0)

    def test_is_not_lost_because_nights_were_missed(self, ready, session, clock):
        nightly.run(session, clock.today(), today=clock.today(), now=clock.now,
                    on_batch=lambda _done, _total: session.commit())
        clock.advance(days=30)
        response = ready()
        assert response.status_code == 200
        assert response.json["last_night"]["due"]

    def test_is_lost_with_redis(self, ready, valkey_server):
        valkey_server.kill()
        response = ready()
        assert response.status_code == 503
        assert response.json["redis"] == "No server answers at the address in REDIS_URL."
        assert response.json["database"] == "ok"
        valkey_server.start()
        assert ready().status_code == 200


class TestNotReady:
    def test_without_tables(self, all_databases, clock):
        response = make_app(all_databases.make_empty("sqlite"), clock).test_client().get("/readyz")
        assert response.status_code == 503
        assert response.json["migrations"] == "The database has no tables yet: run `flask db upgrade`."
        assert response.json["last_night"] is None

    def test_without_a_database_and_its_address_is_not_told(self, clock):
        app = make_app("postgresql+psycopg://somebody:very-secret@127.0.0.1:1/secret-name", clock)
        response = app.test_client().get("/readyz")
        assert response.status_code == 503
        assert response.json["database"] == "The database cannot be reached: check DATABASE_URL."
        for told in ("very-secret", "somebody", "secret-name", "127.0.0.1"):
            assert told not in response.text

    def test_may_be_asked_by_anyone_and_is_not_kept(self, client):
        response = client.get("/readyz")
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
