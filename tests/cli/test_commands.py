"""The operator's commands: what they do, what they refuse, and that an error is a sentence."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from flask import Flask
from sqlalchemy import select

from app.models import Customer, Department, Employee, JobRun
from app.models.choices import DepartmentFunction
from app.permissions import Permission, can
from app.services import passwords
from config import ConfigurationError, load_settings
from tests.conftest import make_app
from tests.support.backstage import Backstage
from tests.support.databases import on_both_databases

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def flask(app: Flask, session):
    """`flask("expire")` runs a command."""
    def run(*arguments: str, **options):
        session.commit()
        return app.test_cli_runner().invoke(args=arguments, **options)

    return run


@on_both_databases
class TestExpire:
    def test_ends_its_output_with_one_json_object(self, flask, make_customer, school, clock):
        make_customer(holder=school.sanjiang, on=clock.today() - 4 * ONE_DAY)
        make_customer(holder=school.baoyu, on=clock.today() - 3 * ONE_DAY)
        result = flask("expire")
        assert result.exit_code == 0
        said = json.loads(result.stdout.splitlines()[-1])
        assert said.pop("seconds") >= 0
        assert said == {"as_of": clock.today().isoformat(), "closed_follow_up": 1, "closed_deal": 0}

    def test_writes_the_run_into_the_book_and_counts_nothing_the_second_time(self, flask, make_customer, school,
                                                                             session, clock):
        make_customer(holder=school.sanjiang, on=clock.today() - 4 * ONE_DAY)
        flask("expire")
        again = json.loads(flask("expire").stdout.splitlines()[-1])
        assert (again["closed_follow_up"], again["closed_deal"]) == (0, 0)
        run = session.scalars(select(JobRun)).one()
        assert (run.business_date, run.closed_follow_up, run.runs) == (clock.today(), 1, 2)

    def test_runs_for_an_earlier_date(self, flask, make_customer, school, clock):
        make_customer(holder=school.sanjiang, on=clock.today() - 4 * ONE_DAY)
        yesterday = (clock.today() - ONE_DAY).isoformat()
        said = json.loads(flask("expire", "--as-of", yesterday).stdout.splitlines()[-1])
        assert (said["as_of"], said["closed_follow_up"]) == (yesterday, 0)

    def test_refuses_a_date_in_the_future_with_exit_2(self, flask, session, clock):
        result = flask("expire", "--as-of", (clock.today() + ONE_DAY).isoformat())
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr == "Error: 2026-03-03 has not come yet: today is 2026-03-02.\n"
        assert session.scalars(select(JobRun)).all() == []

    @pytest.mark.parametrize("nonsense", ["yesterday", "2026-02-30", "20260301", ""])
    def test_refuses_what_is_no_date(self, flask, nonsense):
        assert flask("expire", "--as-of", nonsense).exit_code == 2


class TestCreateAdmin:
    def test_makes_a_login_that_may_do_everything_in_an_empty_database(self, flask, session):
        result = flask("create-admin", "boss", env={"ADMIN_PASSWORD": "a long password"})
        assert result.exit_code == 0, result.output
        boss = session.scalars(select(Employee)).one()
        assert (boss.username, boss.active) == ("boss", True)
        assert all(can(boss, permission) for permission in Permission)
        assert passwords.verify(boss, "a long password")
        assert not boss.can_hold_customers

    def test_asks_for_the_password_twice_and_does_not_show_it(self, flask, session):
        result = flask("create-admin", "boss", input="a long password\na long password\n")
        assert result.exit_code == 0, result.output
        assert "a long password" not in result.output
        assert passwords.verify(session.scalars(select(Employee)).one(), "a long password")

    def test_puts_him_into_a_department_that_is_there(self, flask, session, school):
        flask("create-admin", "boss", env={"ADMIN_PASSWORD": "a long password"})
        boss = session.scalars(select(Employee).where(Employee.username == "boss")).one()
        assert boss.department.code == 1007
        assert boss.department.function == DepartmentFunction.OTHER

    def test_rescues_a_school_in_which_nobody_may_change_roles_any_more(self, flask, session, school):
        school.roles["admin"].permission_codes = ["course.read"]
        session.commit()
        flask("create-admin", "boss", env={"ADMIN_PASSWORD": "a long password"})
        session.expire_all()
        boss = session.scalars(select(Employee).where(Employee.username == "boss")).one()
        assert all(can(boss, permission) for permission in Permission)

    def test_finds_a_free_code_for_a_department(self, flask, session):
        session.add(Department(code=1, title="教学部", function=DepartmentFunction.TEACHING))
        session.commit()
        flask("create-admin", "boss", env={"ADMIN_PASSWORD": "a long password"})
        assert session.scalars(select(Employee)).one().department.code == 2

    @pytest.mark.parametrize(("username", "password", "sentence"), [
        ("boss", "short", "The password is too short"),
        ("admin", "a long password", "There is a login named admin already"),
        ("x" * 33, "a long password", "A user name has 1 to 32 characters"),
        ("  ", "a long password", "A user name has 1 to 32 characters"),
    ])
    def test_refuses_in_a_sentence(self, flask, school, username, password, sentence):
        result = flask("create-admin", username, env={"ADMIN_PASSWORD": password})
        assert result.exit_code == 2
        assert sentence in result.stderr


class TestCheck:
    def test_says_a_line_each_and_that_nobody_serves_redis(self, flask):
        result = flask("check")
        assert result.exit_code == 1
        lines = dict(line.split(":", 1) for line in result.stdout.splitlines())
        assert list(lines) == ["configuration", "database", "migrations", "Redis", "schedule", "last night"]
        assert lines["database"].split() == ["ok", "answers"]
        assert lines["migrations"].split()[0] == "ok"
        assert "No server answers at the address in REDIS_URL." in lines["Redis"]

    def test_says_that_the_night_has_not_run(self, flask, clock):
        flask("expire")
        assert "ok     2026-03-02: 0 closed" in flask("check").stdout
        clock.advance(days=2)
        assert "has not run today (last: 2026-03-02)" in flask("check").stdout

    def test_leaves_the_first_hour_of_a_day_to_the_night(self, flask, clock):
        flask("expire")
        clock.set("2026-03-03 00:30")
        assert "WRONG  The nightly" not in flask("check").stdout

    def test_says_that_there_are_no_tables(self, all_databases, clock):
        app = make_app(all_databases.make_empty("sqlite"), clock)
        said = app.test_cli_runner().invoke(args=["check"]).stdout
        assert "The database has no tables yet: run `flask db upgrade`." in said

    @pytest.mark.queue
    def test_finds_nothing_wrong_when_all_runs(self, tmp_path, database_url, valkey_server, clock_file, session):
        backstage = Backstage(tmp_path, database_url=database_url, redis_url=valkey_server.url, clock_file=clock_file)
        try:
            scheduler, worker = backstage.scheduler(), backstage.worker()
            scheduler.wait_for("scheduled-expiry-catch-up: next run")
            worker.wait_for("night of 2026-03-02")
            result = backstage.flask("check")
            assert result.returncode == 0, result.stdout
            assert "next night" in result.stdout
            assert "1 worker(s)" in result.stdout
        finally:
            backstage.stop()


class TestAMistakeOfTheOperator:
    """Is one sentence on stderr and an exit code, never a traceback."""

    @pytest.fixture
    def said(self, tmp_path):
        def run(*arguments: str, **variables: str) -> str:
            backstage = Backstage(tmp_path, database_url=variables.pop("DATABASE_URL", "sqlite:///:memory:"),
                                  redis_url="unix:///nowhere.sock")
            backstage.environment.update(variables)
            result = backstage.flask(*arguments)
            assert result.returncode not in {0, 2}
            assert "Traceback" not in result.stderr
            return result.stderr.strip()

        return run

    def test_an_unknown_value(self, said):
        assert said("expire", BUSINESS_TIMEZONE="Mars/Olympus") == (
            "Error: BUSINESS_TIMEZONE: 'Mars/Olympus' is not a time zone of the IANA database, such as Asia/Shanghai.")

    def test_no_secret_outside_the_demo(self, said):
        assert said("expire", APP_ENV="production", SECRET_KEY="").startswith("Error: SECRET_KEY is not set")

    def test_a_database_server_that_does_not_answer(self, said):
        sentence = said("expire", DATABASE_URL="postgresql+psycopg://u:very-secret@127.0.0.1:1/x")
        assert sentence.startswith("Error: The database cannot be reached: check DATABASE_URL (connection failed")
        assert "very-secret" not in sentence

    def test_migrating_a_file_that_is_no_database(self, said, tmp_path):
        (tmp_path / "file").write_text("this is no database " * 100)
        assert said("db", "upgrade", DATABASE_URL=f"sqlite:///{tmp_path / 'file'}") == (
            "Error: The database cannot be reached: check DATABASE_URL (file is not a database).")

    def test_a_database_without_tables(self, said, tmp_path):
        assert said("expire", DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}") == (
            "Error: The database has no tables yet: run `flask db upgrade`.")

    @pytest.mark.parametrize(("variable", "value"), [
        ("DATABASE_URL", "mysql://localhost/x"), ("DATABASE_URL", "postgresql+psycopg://a:b@c:d/e"),
        ("REDIS_URL", "http://localhost"), ("REDIS_URL", "redis://localhost:x"), ("PORT", "0"), ("PORT", "http"),
        ("LOG_FORMAT", "xml"), ("APP_ENV", "staging"), ("WEB_PROCESSES", "0"),
    ])
    def test_every_unknown_value_names_its_variable(self, monkeypatch, variable, value):
        monkeypatch.setenv("APP_ENV", "demo")
        monkeypatch.setenv(variable, value)
        with pytest.raises(ConfigurationError, match=f"^{variable}: .*\\.$"):
            load_settings()


def test_nothing_is_left_of_a_refused_admin(flask, session, school):
    before = len(session.scalars(select(Employee)).all())
    flask("create-admin", "admin", env={"ADMIN_PASSWORD": "a long password"})
    assert len(session.scalars(select(Employee)).all()) == before
    assert session.scalars(select(Customer)).all() == []
