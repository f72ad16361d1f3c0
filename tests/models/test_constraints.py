"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from app import sqlite
from app.models import (
    Campus,
    Course,
    CourseClass,
    Customer,
    Department,
    Distribution,
    Employee,
    JobRun,
    SalesRank,
)
from app.models.choices import CustomerStatus, DistributionStatus, Gender, Origin
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


@pytest.fixture
def refuses(session):
    """`refuses(thing)`: the database refuses to store it."""
    def check(*things):
        session.add_all(things)
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()

    return check


def lead(**columns) -> Customer:
    values = {"name": "客户", "qq": "10001", "date": TODAY, "last_consult_date": TODAY, "public_on": TODAY, **columns}
    return Customer(**values)


class TestACustomer:
    def test_has_a_contact(self, refuses, school):
        refuses(lead(qq=None))
        refuses(lead(qq=" \u3000"))

    @pytest.mark.parametrize("field", ["qq", "mobile", "wechat"])
    def test_shares_no_contact(self, session, refuses, school, field):
        session.add(lead(**{"qq": None, field: "13812345678"}))
        session.commit()
        refuses(lead(**{"qq": None, field: "138 1234 5678" if field == "mobile" else "13812345678"}))

    def test_is_not_his_own_referrer(self, session, school):
        customer = lead()
        session.add(customer)
        session.commit()
        customer.referral_from_id = customer.id
        with pytest.raises(IntegrityError):
            session.commit()

    def test_is_outside_the_clock_exactly_while_enrolled(self, refuses, school):
        refuses(lead(status=CustomerStatus.ENROLLED))
        refuses(lead(public_on=None))

    @pytest.mark.parametrize("status", [DistributionStatus.FOLLOWING, DistributionStatus.ENROLLED,
                                        DistributionStatus.TRANSFERRED])
    def test_does_not_fall_with_a_status_that_is_no_fall(self, refuses, school, status):
        refuses(lead(public_as=status))

    @pytest.mark.parametrize("column", ["gender", "education", "experience", "work_status", "source", "status"])
    def test_has_only_the_choices_there_are(self, session, school, column):
        session.add(lead())
        session.commit()
        with pytest.raises(IntegrityError):
            session.execute(text(f"UPDATE customer SET {column} = 99"))
        session.rollback()
        with pytest.raises(StatementError):
            session.execute(Customer.__table__.update().values({column: 99}))
        session.rollback()

    def test_keeps_his_course_and_his_consultant_from_being_deleted(self, session, make_customer, school):
        make_customer(holder=school.sanjiang, courses=[school.python], campus=school.beijing)
        for table, row in ((Course, school.python), (Employee, school.sanjiang), (Campus, school.beijing)):
            with pytest.raises(IntegrityError):
                session.execute(delete(table).where(table.id == row.id))
            session.rollback()


class TestAHolding:
    @pytest.fixture
    def held(self, make_customer, school):
        return make_customer(holder=school.sanjiang)

    def holding(self, customer, consultant, **columns) -> Distribution:
        return Distribution(**{"customer": customer, "consultant": consultant, "started_on": TODAY,
                               "origin": Origin.CLAIM, "created_at": NOW, **columns})

    def test_is_the_only_open_one_of_its_customer(self, refuses, held, school):
        refuses(self.holding(held, school.baoyu))

    def test_may_follow_closed_ones(self, session, held, school):
        session.add(self.holding(held, school.baoyu, status=DistributionStatus.RELEASED, ended_on=TODAY))
        session.commit()

    def test_is_not_opened_again_beside_an_open_one(self, session, held, school):
        old = self.holding(held, school.baoyu, status=DistributionStatus.RELEASED, ended_on=TODAY)
        session.add(old)
        session.commit()
        old.status, old.ended_on = DistributionStatus.FOLLOWING, None
        with pytest.raises(IntegrityError):
            session.commit()

    def test_has_an_end_exactly_when_it_ended(self, refuses, session, make_customer, school):
        customer = make_customer()
        refuses(self.holding(customer, school.sanjiang, ended_on=TODAY))
        refuses(self.holding(customer, school.sanjiang, status=DistributionStatus.NO_DEAL))

    def test_keeps_its_customer_from_being_deleted(self, session, held, school):
        with pytest.raises(IntegrityError):
            session.execute(delete(Customer).where(Customer.id == held.id))


class TestAClass:
    def course_class(self, school, **columns) -> CourseClass:
        return CourseClass(**{"campus": school.beijing, "course": school.python, "semester": 3, "price": 19800,
                              "start_date": TODAY, **columns})

    def test_is_called_by_course_and_semester(self, session, school):
        made = self.course_class(school)
        session.add(made)
        session.commit()
        assert str(made) == "Python全栈(3期)"

    def test_is_one_a_campus_course_and_semester(self, session, refuses, school):
        session.add(self.course_class(school))
        session.commit()
        refuses(self.course_class(school))
        session.add(self.course_class(school, campus=school.shanghai))
        session.add(self.course_class(school, semester=4))
        session.commit()

    @pytest.mark.parametrize("wrong", [
        {"price": -1}, {"capacity": -1}, {"semester": 0}, {"graduate_date": TODAY - dt.timedelta(days=1)}], ids=str)
    def test_makes_sense(self, refuses, school, wrong):
        refuses(self.course_class(school, **wrong))

    def test_may_cost_nothing_and_end_as_it_begins(self, session, school):
        session.add(self.course_class(school, price=0, graduate_date=TODAY))
        session.commit()


class TestTheRest:
    def test_a_rank_is_one_a_consultant_and_not_negative(self, session, refuses, school):
        refuses(SalesRank(consultant=school.dasha, num=-1, weight=1))
        session.add(SalesRank(consultant=school.dasha, num=1, weight=1))
        session.commit()
        refuses(SalesRank(consultant=school.dasha, num=2, weight=1))

    def test_a_night_is_one_a_task_and_date(self, session, refuses):
        night = {"task": "expiry", "business_date": TODAY, "first_missed": TODAY, "started_at": NOW}
        session.add(JobRun(**night))
        session.commit()
        refuses(JobRun(**night))

    def test_a_login_name_a_department_code_and_a_title_are_one_of_a_kind(self, refuses, school):
        refuses(Employee(name="x", username="sanjiang", department=school.departments[1001]))
        refuses(Department(code=1001, title="又一个", function=school.departments[1001].function))
        refuses(Course(name="Python全栈"))
        refuses(Campus(title="北京校区"))

    def test_a_department_with_people_is_not_deleted(self, session, school):
        with pytest.raises(IntegrityError):
            session.execute(delete(Department).where(Department.code == 1001))

    def test_an_instant_is_kept_in_utc_and_never_naive(self, session, make_customer, school):
        customer = make_customer(holder=school.sanjiang)
        row = session.scalars(select(Distribution).where(Distribution.customer_id == customer.id)).one()
        assert row.created_at.isoformat() == "2026-03-02T01:00:00+00:00"
        row.created_at = dt.datetime(2026, 3, 2)  # noqa: DTZ001 the point of the test
        with pytest.raises(StatementError):
            session.commit()

    def test_a_choice_is_itself_again_when_read(self, session, make_customer):
        customer = make_customer(gender=Gender.FEMALE)
        session.expire_all()
        assert customer.gender is Gender.FEMALE
        customer.gender = None
        session.commit()
        assert customer.gender is None


class TestReading:
    def test_a_transaction_that_only_reads_cannot_write_on_sqlite(self, session, backend, school):
        session.rollback()
        sqlite.set_read_only(True)
        try:
            assert session.scalars(select(Course)).all()
            if backend == "sqlite":
                with pytest.raises(DBAPIError, match="readonly"):
                    session.execute(delete(Course))
            session.rollback()
            with sqlite.read_write():
                session.execute(text("UPDATE course SET name = name"))
                session.commit()
        finally:
            session.rollback()
            sqlite.set_read_only(False)

    def test_an_sqlite_file_is_its_owners_alone(self, tmp_path, clock):
        from app.extensions import db
        from tests.conftest import make_app

        app = make_app(f"sqlite:///{tmp_path / 'new' / 'x.db'}", clock)
        with app.app_context(), db.engine.connect() as connection:
            connection.execute(text("CREATE TABLE x (y int)"))
            connection.commit()
            for path in (tmp_path / "new").iterdir():
                assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600, path
        with app.app_context():
            db.engine.dispose()


def test_two_people_are_never_the_same(school):
    assert len({id(person) for person in school.everyone}) == len(set(school.everyone)) == 9
    assert school.sanjiang != school.baoyu
