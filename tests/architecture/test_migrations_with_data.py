"""A database with people's data in it goes through every migration, up and down, and loses nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import MetaData, create_engine, inspect, select, text

from app.extensions import Base, db
from tests.conftest import make_app
from tests.support.databases import on_both_databases

DAY = dt.date(2026, 3, 2)
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

ROWS: dict[str, list[dict[str, Any]]] = {
    "department": [{"id": 1, "code": 1001, "title": "销售部", "function": "sales"}],
    "role": [{"id": 1, "name": "人事", "scope": "all"}],
    "role_permission": [{"role_id": 1, "code": "employee.read"}],
    "employee": [{"id": number, "name": name, "username": name, "password_hash": f"hash of {name}", "active": True,
                  "department_code": 1001, "session_token": f"token of {name}"}
                 for number, name in ((3, "三江"), (7, "暴雨"))],
    "employee_role": [{"employee_id": 3, "role_id": 1}, {"employee_id": 7, "role_id": 1}],
    "campus": [{"id": 1, "title": "北京校区"}],
    "course": [{"id": 1, "name": "Python全栈"}],
    "course_class": [{"id": 1, "campus_id": 1, "course_id": 1, "semester": 3, "price": 19800, "capacity": 30,
                      "start_date": DAY, "tutor_id": 7}],
    "course_class_teacher": [{"course_class_id": 1, "employee_id": 7}],
    "customer": [{"id": number, "name": name, "qq": f"30991441{number}", "work_status": 1, "source": 1, "status": 2,
                  "consultant_id": 3, "referral_from_id": referral, "date": DAY, "recv_date": DAY,
                  "last_consult_date": DAY, "public_on": DAY, "public_as": 3}
                 for number, name, referral in ((5, "龙泰", None), (9, "王小明", 5))],
    "customer_course": [{"customer_id": 9, "course_id": 1}],
    "distribution": [{"id": 4, "consultant_id": 3, "customer_id": 9, "started_on": DAY, "status": 1,
                      "origin": "claim", "created_at": NOON}],
    "follow_up": [{"id": 2, "customer_id": 9, "consultant_id": 3, "at": NOON, "saved_on": DAY, "note": "聊了聊",
                   "intent": 1}],
    "sales_rank": [{"id": 1, "consultant_id": 7, "num": 2, "weight": 1}],
    "setting": [{"key": "school.shortest_password", "value": "14"}],
    "job_run": [],
}
NEW = "session_token"
"""The one value that is not kept: whoever goes back is logged out."""


@pytest.fixture
def filled(all_databases, backend, clock):
    """A school that runs on the first migration."""
    app = make_app(all_databases.make_empty(backend), clock)
    with app.app_context():
        flask_migrate.upgrade(revision="0001")
        with db.engine.begin() as connection:
            tables = reflected(connection)
            for table in tables.sorted_tables:
                if ROWS.get(table.name):
                    connection.execute(table.insert(), ROWS[table.name])
        yield app
        db.engine.dispose()


def reflected(connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata


def contents() -> dict[str, list[dict[str, Any]]]:
    """What stands in the columns that were filled, without what is empty; later migrations add further ones."""
    with db.engine.connect() as connection:
        tables = reflected(connection).tables
        found = {name: connection.execute(select(tables[name]).order_by(*tables[name].primary_key)) for name in ROWS}
        return {name: [{column: row[column] for column in ROWS[name][0] if column != NEW and row[column] is not None}
                       for row in rows.mappings()] for name, rows in found.items()}


@on_both_databases
def test_nothing_is_lost_on_the_way_up_down_and_up_again(filled):
    before = contents()
    assert [row["name"] for row in before["customer"]] == ["龙泰", "王小明"]
    for migrate in (flask_migrate.upgrade, lambda: flask_migrate.downgrade(revision="0001"), flask_migrate.upgrade):
        migrate()
        assert contents() == before
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


@on_both_databases
def test_the_built_in_roles_get_what_there_is_new_to_permit(filled):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE role SET code = 'auditor'"))
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        assert {"employee.read", "audit.read"} <= set(connection.scalars(text("SELECT code FROM role_permission")))


@on_both_databases
def test_who_goes_back_has_a_session_token_of_his_own(filled):
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="0001")
    with db.engine.connect() as connection:
        tokens = connection.scalars(text("SELECT session_token FROM employee")).all()
    assert len(set(tokens)) == 2
    assert all(len(token) >= 32 for token in tokens)


def test_a_migration_that_would_leave_a_reference_to_nothing_changes_nothing(filled, caplog):
    with db.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("DELETE FROM customer WHERE id = 5")
        driver.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(SystemExit):
        flask_migrate.upgrade()
    assert "1 references to nothing (customer to customer)" in caplog.text
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
        assert "session_token" in {column["name"] for column in inspect(connection).get_columns("employee")}
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_what_sqlite_checks_after_the_migrations_is_what_the_models_say(filled, tmp_path):
    """Alembic compares neither checks nor the conditions of indexes."""
    flask_migrate.upgrade()
    with create_engine(f"sqlite:///{tmp_path / 'models.db'}").connect() as connection:
        Base.metadata.create_all(connection)
        wanted = _rules(connection)
    with db.engine.connect() as connection:
        assert _rules(connection) == wanted


def _rules(connection) -> dict[str, Any]:
    found = inspect(connection)
    return {table: (sorted((check["name"], check["sqltext"]) for check in found.get_check_constraints(table)),
                    sorted((index["name"], index["column_names"], bool(index["unique"]),
                            str(index.get("dialect_options", {}).get("sqlite_where")))
                           for index in found.get_indexes(table)))
            for table in Base.metadata.tables}


@pytest.mark.parametrize("table", ["customer", "employee"])
def test_an_id_of_a_person_is_never_used_twice(filled, table):
    flask_migrate.upgrade()
    last = ROWS[table][-1]["id"]
    with db.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(text("DELETE FROM customer_contact"))  # what refers to him stays while they are off
        connection.execute(text(f"DELETE FROM {table} WHERE id = {last}"))
        row = {name: value for name, value in ROWS[table][-1].items() if name not in ("id", NEW)}
        made = connection.execute(reflected(connection).tables[table].insert(), row)
        assert made.inserted_primary_key[0] == last + 1


@on_both_databases
def test_a_contact_two_customers_share_already_is_the_older_ones_and_both_keep_it(filled):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE customer SET wechat = '309914415', mobile = '13800000000' WHERE id = 9"))
    before = contents()
    flask_migrate.upgrade()
    assert contents() == before
    with db.engine.begin() as connection:
        assert dict(connection.execute(text("SELECT value, customer_id FROM customer_contact")).all()) == {
            "309914415": 5, "309914419": 9, "13800000000": 9}
        connection.execute(text("UPDATE customer SET mobile = '13900000000' WHERE id = 9"))  # he can still be changed
        assert set(connection.scalars(text("SELECT value FROM customer_contact WHERE customer_id = 9"))) == {
            "309914419", "13900000000"}
