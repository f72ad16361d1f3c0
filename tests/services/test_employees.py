"""Employees: who may hold customers, who may be picked for what, and what is settled before one leaves or moves."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.errors import ConflictError, DomainError
from app.models import CourseClass, Department, Employee, Role, SalesRank
from app.models.choices import DepartmentFunction
from app.permissions import BUILT_IN_ROLES
from app.services import employees, pool
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

SALES, TEACHING, TUTORING = DepartmentFunction.SALES, DepartmentFunction.TEACHING, DepartmentFunction.TUTORING


class TestWhoMayHoldCustomers:
    def test_the_active_of_both_sales_departments(self, school):
        assert [person.username for person in school.everyone if person.can_hold_customers] == [
            "sanjiang", "baoyu", "dasha"]

    def test_not_the_deactivated(self, make_employee):
        assert not make_employee(active=False).can_hold_customers

    def test_by_the_departments_function_and_not_its_code(self, session, school):
        school.departments[1000].function = SALES
        school.departments[1001].function = DepartmentFunction.MARKETING
        session.commit()
        assert not school.sanjiang.can_hold_customers
        assert school.baoyu.can_hold_customers


class TestWhoMayBePicked:
    def test_is_offered_by_function_and_active_only(self, session, school, make_employee):
        make_employee("离职", active=False)
        offered = session.scalars(employees.of_function(SALES)).all()
        assert {person.username for person in offered} == {"sanjiang", "baoyu", "dasha"}
        assert {person.username for person in session.scalars(employees.of_function(TEACHING))} == {"teacher"}

    @pytest.mark.parametrize(("who", "function"), [
        ("teacher", TUTORING), ("tutor", TEACHING), ("sanjiang", TEACHING), ("admin", SALES), ("manager", SALES)])
    def test_is_refused_from_another_department(self, school, who, function):
        with pytest.raises(DomainError) as refused:
            employees.check_function([getattr(school, who)], function, "teachers")
        assert refused.value.field == "teachers"

    def test_is_refused_once_deactivated_but_stays_where_he_was(self, session, school):
        school.teacher.active = False
        session.commit()
        with pytest.raises(DomainError):
            employees.check_function([school.teacher], TEACHING, "teachers")
        employees.check_function([school.teacher], TEACHING, "teachers", before=[school.teacher])

    def test_may_be_nobody(self, school):
        employees.check_function([None], TUTORING, "tutor", before=[None])


class TestBeforeOneLeaves:
    def test_his_customers_are_given_away(self, session, make_customer, floor, school, clock):
        customer = make_customer(holder=school.sanjiang)
        with pytest.raises(ConflictError):
            employees.check_may_stop_holding(session, school.sanjiang, today=clock.today())
        floor.release(customer)
        employees.check_may_stop_holding(session, school.sanjiang, today=clock.today())

    def test_those_who_have_fallen_do_not_hold_him_back(self, session, make_customer, school, clock):
        make_customer(holder=school.sanjiang)
        clock.advance(days=4)
        employees.check_may_stop_holding(session, school.sanjiang, today=clock.today())

    def test_nor_do_the_enrolled(self, session, make_customer, floor, school, clock):
        floor.enrol(make_customer(holder=school.sanjiang))
        employees.check_may_stop_holding(session, school.sanjiang, today=clock.today())

    def test_a_form_that_already_changed_him_is_not_saved_by_the_check(self, session, make_customer, school, clock):
        make_customer(holder=school.sanjiang)
        school.sanjiang.active = False
        with pytest.raises(ConflictError):
            employees.check_may_stop_holding(session, school.sanjiang, today=clock.today())
        session.rollback()
        assert school.sanjiang.active

    def test_the_number_he_holds_is_told(self, session, make_customer, school, clock):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        make_customer(holder=school.baoyu)
        assert pool.number_held(session, school.sanjiang.id, today=clock.today()) == 3


class TestBeforeADepartmentLeavesSales:
    def test_nobody_in_it_holds_a_customer(self, session, make_customer, floor, school, clock):
        customer = make_customer(holder=school.sanjiang)
        sales, advisers = school.departments[1001], school.departments[1005]
        with pytest.raises(ConflictError) as refused:
            employees.check_department_may_leave_sales(session, sales, today=clock.today())
        assert refused.value.field == "function"
        employees.check_department_may_leave_sales(session, advisers, today=clock.today())
        floor.release(customer)
        employees.check_department_may_leave_sales(session, sales, today=clock.today())

    def test_and_an_unsaved_change_is_not_saved_by_the_check(self, session, make_customer, school, clock):
        make_customer(holder=school.sanjiang)
        school.departments[1001].function = DepartmentFunction.OTHER
        with pytest.raises(ConflictError):
            employees.check_department_may_leave_sales(session, school.departments[1001], today=clock.today())
        session.rollback()
        assert school.departments[1001].function == SALES


class TestDeletion:
    def test_of_one_without_history(self, session, make_employee):
        newcomer = make_employee()
        employees.check_deletable(session, newcomer)
        session.delete(newcomer)
        session.commit()

    def test_is_refused_to_one_who_held_a_customer(self, session, make_customer, floor, school):
        floor.assign(make_customer(holder=school.sanjiang), to=school.baoyu)
        for person in (school.sanjiang, school.baoyu):
            with pytest.raises(ConflictError):
                employees.check_deletable(session, person)

    def test_is_refused_to_one_who_followed_up(self, session, make_customer, floor, school):
        floor.follow_up(make_customer(holder=school.sanjiang), by=school.manager, for_any_consultant=True)
        with pytest.raises(ConflictError):
            employees.check_deletable(session, school.manager)

    def test_is_refused_to_one_with_a_rank(self, session, school):
        session.add(SalesRank(consultant=school.dasha, num=1, weight=1))
        session.commit()
        with pytest.raises(ConflictError):
            employees.check_deletable(session, school.dasha)

    @pytest.mark.parametrize("as_", ["tutor", "teachers"])
    def test_is_refused_to_one_with_a_class(self, session, school, clock, as_):
        made = CourseClass(campus=school.beijing, course=school.python, semester=3, price=19800,
                           start_date=clock.today())
        setattr(made, as_, school.tutor if as_ == "tutor" else [school.teacher])
        session.add(made)
        session.commit()
        with pytest.raises(ConflictError):
            employees.check_deletable(session, school.tutor if as_ == "tutor" else school.teacher)


class TestTheBuiltInRoles:
    def test_are_made_once(self, session, school):
        before = len(session.scalars(select(Role)).all())
        employees.ensure_built_in_roles(session)
        assert len(session.scalars(select(Role)).all()) == before == len(BUILT_IN_ROLES)

    def test_stay_as_an_admin_changed_them(self, session, school):
        school.roles["tutor"].permission_codes = ["campus.read"]
        session.commit()
        employees.ensure_built_in_roles(session)
        session.commit()
        session.expire_all()
        assert school.roles["tutor"].permission_codes == ["campus.read"]


def test_a_department_code_can_be_changed_and_people_follow(session, school):
    session.execute(Department.__table__.update().where(Department.code == 1001).values(code=2001))
    session.commit()
    assert session.scalars(select(Employee.username).where(Employee.department_code == 2001).order_by(
        Employee.id)).all() == ["sanjiang", "dasha"]
