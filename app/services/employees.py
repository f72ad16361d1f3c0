"""Employees: who may pick whom, and what must be settled before one leaves or moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, selectinload

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import (
    CourseClass,
    Customer,
    Department,
    Distribution,
    Employee,
    FollowUp,
    Role,
    SalesRank,
    Transfer,
    TransferLine,
    course_class_teacher,
)
from app.models.choices import DepartmentFunction, SessionEnd
from app.permissions import BUILT_IN_ROLES
from app.services import persons, pool, sessions
from app.services import roles as role_service


class StillHoldsError(ConflictError):
    """Somebody is to hold customers no more and has some: they are handed over or released first."""


def by_username(session: Session, username: str) -> Employee | None:
    """The employee with this login name."""
    return session.scalar(select(Employee).where(Employee.username == username))


def of_function(function: DepartmentFunction) -> Select[Employee]:
    """The active employees of the departments with a function, by name."""
    return (select(Employee).join(Employee.department)
            .where(Department.function == function, Employee.active).order_by(Employee.name, Employee.id))


def check_function(employees: Iterable[Employee | None], function: DepartmentFunction, field: str, *,
                   before: Iterable[Employee | None] = ()) -> None:
    """Only employees of departments with the right function may be picked; those picked before may stay.

    Raises:
        DomainError: with the field and the name.
    """
    stay = {employee.id for employee in before if employee is not None}
    for employee in employees:
        if employee is None or employee.id in stay:
            continue
        if employee.department.function != function or not employee.active:
            raise DomainError(_l("%(name)s is not an active employee of a department with this function: %(function)s.",
                                 name=employee.name, function=function.label), field=field)


def check_may_stop_holding(session: Session, employee: Employee, *, today: dt.date) -> None:
    """Before an employee is deactivated or leaves sales his customers are handed over or released.

    The employee is locked first, so that he gets none meanwhile.

    Raises:
        StillHoldsError: he still holds customers.
    """
    with session.no_autoflush:
        session.execute(select(Employee.id).where(Employee.id == employee.id).with_for_update(key_share=True))
        number = pool.number_held(session, employee.id, today=today)
    if number:
        raise StillHoldsError(_l("%(name)s still holds %(number)s customers: assign or release them first.",
                                 name=employee.name, number=number))


def deactivate(session: Session, actor: Employee, employee: Employee, *, today: dt.date, now: dt.datetime) -> None:
    """End somebody's login for good, with every session.

    Raises:
        NotAllowedError: he may do more than whoever asks.
        StillHoldsError: customers are with him.
        ConflictError: nobody would be left to administer.
    """
    begin_change(session, actor, employee, roles=employee.roles, department=employee.department)
    check_may_stop_holding(session, employee, today=today)
    employee.active = False
    session.flush()
    role_service.check_someone_administers(session, field="active")
    sessions.end_all(session, employee, SessionEnd.DEACTIVATED, now=now)


def check_department_may_leave_sales(session: Session, department: Department, *, today: dt.date) -> None:
    """A department stays a sales department while anyone in it holds customers.

    Raises:
        ConflictError: someone does.
    """
    with session.no_autoflush:
        holders = session.scalars(select(Employee).where(Employee.department_code == department.code)
                                  .order_by(Employee.id).with_for_update(key_share=True, of=Employee)).all()
        for holder in holders:
            if pool.number_held(session, holder.id, today=today):
                raise ConflictError(_l("%(name)s of this department still holds customers: assign or release "
                                       "them first.", name=holder.name), field="function")


def begin_change(session: Session, actor: Employee, employee: Employee | None, *, roles: Iterable[Role],
                 department: Department) -> None:
    """Before somebody enters an employee, or changes one: whether he may, and whether he may make him what he asks for.

    The rights of both are read again behind the lock on roles, so call this before anything is changed.

    Args:
        session: where to look.
        actor: who asks.
        employee: whom he changes; None for a new one.
        roles: the roles the employee has from then on.
        department: his department from then on.

    Raises:
        NotAllowedError: the employee may do more than the actor, or would.
        NotFoundError: one of them has been deleted meanwhile.
        ConflictError: the employee was erased.
    """
    _read_rights_again(session, actor, employee)
    if employee is not None:
        persons.check_not_erased(employee)
        role_service.check_may_manage(actor, employee)
    role_service.check_may_give(actor, roles, to=employee, department_code=department.code)


def delete(session: Session, actor: Employee, employee: Employee) -> None:
    """Delete an employee without history.

    Raises:
        NotAllowedError: he may do more than whoever asks.
        ConflictError: history hangs on him, or nobody would be left to administer.
    """
    _read_rights_again(session, actor, employee)
    role_service.check_may_manage(actor, employee)
    check_deletable(session, employee)
    session.delete(employee)
    session.flush()
    role_service.check_someone_administers(session)


def _read_rights_again(session: Session, *people: Employee | None) -> None:
    ids = {person.id for person in people if person is not None}
    role_service.lock(session)
    found = session.scalars(select(Employee).where(Employee.id.in_(ids)).options(selectinload(Employee.roles))
                            .execution_options(populate_existing=True)).all()
    if len(found) < len(ids):
        raise NotFoundError(_l("This employee has been deleted meanwhile."))


def check_deletable(session: Session, employee: Employee) -> None:
    """Only an employee without history can be deleted; others are deactivated.

    Raises:
        ConflictError: history hangs on him.
    """
    references = (Distribution.consultant_id, FollowUp.consultant_id, Customer.consultant_id,
                  SalesRank.consultant_id, CourseClass.tutor_id, Transfer.employee_id, Transfer.leaver_id,
                  TransferLine.former_id, TransferLine.recipient_id, course_class_teacher.c.employee_id)
    if any(session.scalar(select(exists().where(column == employee.id))) for column in references):
        raise ConflictError(_l("%(name)s has a history here, which is kept: deactivate the login instead.",
                               name=employee.name))


def ensure_built_in_roles(session: Session) -> dict[str, Role]:
    """The built-in roles by code; missing ones are made, those there stay as the admins changed them."""
    roles = {role.code: role for role in session.scalars(select(Role).where(Role.code.is_not(None)))}
    for built_in in BUILT_IN_ROLES:
        if built_in.code not in roles:
            role = Role(code=built_in.code, name=str(built_in.name), scope=built_in.scope)
            role.permission_codes = [permission.value for permission in built_in.permissions]
            session.add(role)
            roles[built_in.code] = role
    session.flush()
    return {code: role for code, role in roles.items() if code is not None}
