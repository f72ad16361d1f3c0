"""The role docs/application-role.sql makes: enough for the application, too little to touch the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.extensions import db
from tests.conftest import make_app
from tests.support import people
from tests.support.client import Client
from tests.support.processes import ROOT


@pytest.fixture
def as_the_application(postgresql_url, all_databases, clock):
    """A migrated database with the cast, and its address for a role that does not own it."""
    owners = all_databases.make("postgresql")
    name = str(make_url(owners).database)
    engine = create_engine(owners)
    with engine.begin() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN')
        script = (ROOT / "docs/application-role.sql").read_text().replace("gonghai_app", f'"{name}"')
        for statement in script.split(";\n"):
            connection.exec_driver_sql(statement)
    with Session(engine) as session:
        people.open_school(session)
    yield make_url(owners).set(username=name).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f'DROP OWNED BY "{name}"')
        connection.exec_driver_sql(f'DROP ROLE "{name}"')
    engine.dispose()


def test_the_application_works_as_it(as_the_application, clock):
    app = make_app(as_the_application, clock)
    client = app.test_client()
    assert isinstance(client, Client)
    assert client.login("admin").status_code == 302
    assert client.submit("/admin/campus/new/", {"title": "深圳校区"}).status_code == 302
    assert "深圳校区" in client.get("/admin/campus/").text
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM audit_entry WHERE origin = 'web'")) > 0
        db.session.rollback()
        db.engine.dispose()


@pytest.mark.parametrize("attempt", [
    "UPDATE audit_entry SET origin = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL", "DROP TRIGGER audit_entry_append_only ON audit_entry",
    "DROP TABLE audit_entry", "SET session_replication_role = replica", "UPDATE alembic_version SET version_num = '0'",
    "CREATE OR REPLACE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"])
def test_it_cannot_touch_the_log(as_the_application, attempt):
    engine = create_engine(as_the_application)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), engine.begin() as connection:
        connection.exec_driver_sql(attempt)
    engine.dispose()
