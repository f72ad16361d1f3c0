"""A consultant leaves, or his department is no longer sales, while he claims: he never ends up with a customer."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.errors import ConflictError, DomainError
from app.models import Customer, Department, Employee
from app.models.choices import DepartmentFunction
from app.services import claims, customers, employees, enrolments, pool
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 15


def claim(arena, customer_id, claimant_id) -> bool:
    with arena.session() as session:
        try:
            won = claims.claim(session, customer_id, claimant_id, today=arena.clock.today(), now=arena.clock.now()).won
            session.commit()
            return won
        except ConflictError:
            session.rollback()
            return False


def deactivate(arena, employee_id) -> bool:
    with arena.session() as session:
        employee = session.get_one(Employee, employee_id)
        try:
            employees.check_may_stop_holding(session, employee, today=arena.clock.today())
            employee.active = False
            session.commit()
            return True
        except ConflictError:
            session.rollback()
            return False


def close_department(arena, code) -> bool:
    with arena.session() as session:
        department = session.scalars(select(Department).where(Department.code == code)).one()
        try:
            employees.check_department_may_leave_sales(session, department, today=arena.clock.today())
            department.function = DepartmentFunction.MARKETING
            session.commit()
            return True
        except ConflictError:
            session.rollback()
            return False


def number_held(arena, employee_id) -> int:
    with arena.session() as session:
        return pool.number_held(session, employee_id, today=arena.clock.today())


def test_a_leaver_holds_nobody(arena):
    arena.open(ROUNDS)
    for claimant in arena.consultant_ids:
        ids = arena.fallen(3)
        *claimed, left = all_at_once([*(lambda id_=id_, who=claimant: claim(arena, id_, who) for id_ in ids),
                                      lambda who=claimant: deactivate(arena, who)])
        assert number_held(arena, claimant) == sum(claimed)
        assert not (left and any(claimed)), "he left, and yet he has a customer"
    arena.check_whole()


def test_nobody_outside_sales_holds_a_customer(arena):
    arena.open(2)
    claimant = arena.consultant_ids[1]
    for _ in range(ROUNDS):
        ids = arena.fallen(3)
        *claimed, closed = all_at_once([*(lambda id_=id_, who=claimant: claim(arena, id_, who) for id_ in ids),
                                        lambda: close_department(arena, 1005)])
        assert not (closed and any(claimed)), "his department is not sales any more, and yet he has a customer"
        with arena.session() as session:
            session.scalars(select(Department).where(Department.code == 1005)).one().function = DepartmentFunction.SALES
            held = session.scalars(select(Customer.id).where(Customer.consultant_id == claimant)).all()
            for customer_id in held:
                customer = session.get_one(Customer, customer_id)
                if customer.is_held(arena.clock.today()):
                    customers.release(session, customer_id, today=arena.clock.today(), now=arena.clock.now())
            session.commit()


def test_one_contact_is_entered_once(arena):
    arena.open(1)
    now = arena.clock.now()

    def enter(number: int) -> str | None:
        with arena.session() as session:
            try:
                customers.enter(session, Customer(name=f"客户{number}", mobile="138 1234 5678"), holder_id=None,
                                today=arena.clock.today(), now=now)
                session.commit()
                return None
            except DomainError as refused:
                session.rollback()
                return refused.field

    assert sorted(all_at_once([lambda n=n: enter(n) for n in range(16)]), key=str) == [None, *["mobile"] * 15]
    with arena.session() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_an_enrolment_is_undone_once(arena):
    arena.open(1)
    ids = arena.received(5, "sanjiang", arena.clock.today())
    at = {"today": arena.clock.today(), "now": arena.clock.now()}
    with arena.session() as session:
        for customer_id in ids:
            enrolments.enrol(session, customer_id, **at)
        session.commit()

    def undo(customer_id: int) -> bool:
        with arena.session() as session:
            try:
                enrolments.undo(session, customer_id, **at)
                session.commit()
                return True
            except ConflictError:
                session.rollback()
                return False

    for customer_id in ids:
        assert sum(all_at_once([lambda id_=customer_id: undo(id_)] * 6)) == 1
    arena.check_whole()
