"""Erasing a person: what identifies him goes for good, what the school's numbers are made of stays.

His row and those about him keep their dates, states and hands; whatever is marked as personal is emptied. What the
audit log has sealed about him, the old values of the erasure itself included, can never be read again: his key is
destroyed last. Files of exports may hold him too: all of them go.

Locks are taken as everywhere: on roles and then an employee, or on customers by their numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, String, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.extensions import Base
from app.models import Customer, Employee
from app.models.audit import AuditAction, PersonKind
from app.models.choices import DistributionStatus, ErasureReason
from app.services import (
    audit,
    distributions,
    employees,
    export_files,
    merges,
    person_keys,
    persons,
    pool,
    quotes,
    roles,
    saved_views,
)
from app.services.person_keys import Person
from app.services.quotes import Quote

TAKEN_OFF = {PersonKind.CUSTOMER: (), PersonKind.EMPLOYEE: ("roles", "one_time_until")}
"""What goes with a person's own row besides what is personal: an erased employee has no role that could be in use."""


def erase(session: Session, person: Person, reason: ErasureReason, *, today: dt.date, now: dt.datetime) -> bool:
    """Erase one person; False if he was erased before.

    Raises:
        NotFoundError: there is no such person.
        ConflictError: an employee who is active or holds customers, or the person is being changed by someone else.
    """
    kind, person_id = person
    if kind is PersonKind.EMPLOYEE:
        return _erase_employee(session, person_id, reason, today=today, now=now)
    if session.scalar(select(Customer.id).where(Customer.id == person_id)) is None:
        raise NotFoundError(_l("There is no such customer."))
    return bool(erase_customers(session, [person_id], reason, today=today, now=now))


def erase_customers(session: Session, ids: Collection[int], reason: ErasureReason, *, today: dt.date, now: dt.datetime,
                    quoted: Iterable[Quote] | None = None,
                    still: Callable[[Customer], bool] = lambda _customer: True) -> list[int]:
    """Erase customers, and say which: those erased before are left alone.

    Customers whose records quote a contact of theirs are locked with them, all in the order of their numbers, so that
    neither another erasure nor the night can wait for this one in a circle.

    Args:
        quoted: where their contacts are quoted, if that has been looked up already.
        still: whether a customer, locked now, is to be erased still.

    Raises:
        ConflictError: someone has changed their contacts at this moment.
    """
    seen = {contact for row in session.execute(
        select(Customer.qq, Customer.mobile, Customer.wechat, Customer.other_contacts).where(Customer.id.in_(ids)))
        for text in row if text for contact in text.split()}
    found = [quote for quote in (quotes.find(session, seen) if quoted is None else quoted)
             if quote.customer_id not in ids and not quote.contacts.isdisjoint(seen)]
    locked = _lock(session, {*ids, *(quote.customer_id for quote in found)})
    going = [each for each in locked if each.id in ids and each.erased_on is None and still(each)]
    contacts = {contact for each in going for contact in each.contacts}
    if not contacts <= seen:
        raise ConflictError(_l("This customer is being changed by someone else. Please try again."))
    for quote in found:
        if not quote.contacts.isdisjoint(contacts):
            quotes.mask(session, replace(quote, contacts=quote.contacts & contacts))
    saved_views.forget(session, {customer.name for customer in going} | contacts)
    for customer in going:
        _erase_customer(session, customer, reason, today=today, now=now)
    if going:
        export_files.forget(session, now=now)
    return [customer.id for customer in going]


def _lock(session: Session, ids: Collection[int]) -> list[Customer]:
    return list(session.scalars(select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
                                .with_for_update(key_share=True).execution_options(populate_existing=True)))


def _erase_customer(session: Session, customer: Customer, reason: ErasureReason, *, today: dt.date,
                    now: dt.datetime) -> None:
    """A holding that is open ends as the night would end it, or as released; the clock stops."""
    distributions.end(session, customer, DistributionStatus.RELEASED, today=today, now=now)
    customer.public_on = customer.public_as = customer.locked_until = None
    _forget(session, (PersonKind.CUSTOMER, customer.id), customer, reason, today)


def _erase_employee(session: Session, employee_id: int, reason: ErasureReason, *, today: dt.date,
                    now: dt.datetime) -> bool:
    roles.lock(session)  # as whoever changes an employee does
    session.execute(select(Employee.id).where(Employee.id == employee_id).with_for_update(key_share=True))
    employee = session.get(Employee, employee_id, populate_existing=True)
    if employee is None:
        raise NotFoundError(_l("There is no such employee."))
    if employee.erased_on is not None:
        return False
    check_has_left(session, employee, today=today)
    _forget(session, (PersonKind.EMPLOYEE, employee.id), employee, reason, today)
    export_files.forget(session, now=now)
    return True


def check_has_left(session: Session, employee: Employee, *, today: dt.date) -> None:
    """Only who works here no more can be erased; so nobody erases the last admin, or himself.

    Raises:
        ConflictError: he is active, or customers are with him, or his new login name is someone else's.
    """
    if employee.active:
        raise ConflictError(_l("%(name)s still works here: deactivate the login first.", name=employee.name))
    if pool.number_held(session, employee.id, today=today):
        raise ConflictError(_l("%(name)s still holds customers: assign or release them first.", name=employee.name))
    taken = employees.by_username(session, f"erased-{employee.id}")
    if taken is not None and taken is not employee:
        raise ConflictError(_l("The login name %(name)s is needed for this: give its owner another one.",
                               name=taken.username))


def _forget(session: Session, person: Person, own: Any, reason: ErasureReason, today: dt.date) -> None:
    """Empty everything personal, say in the log that it was done and why, and destroy the key."""
    kind, person_id = person
    own.erased_on = today
    for name in TAKEN_OFF[kind]:
        setattr(own, name, [] if name in own.__mapper__.relationships else None)
    with session.no_autoflush:  # half an erasure would break the constraints
        for model in persons.tables_about(kind):
            for row in persons.rows_about(session, model, person_id):
                if is_deleted(model):
                    session.delete(row)
                else:
                    _empty(row, person_id)
    session.flush()
    audit.event(session, AuditAction.PERSON_ERASED, table=own.__tablename__, row_id=person_id, person=person,
                facts={"reason": reason.value})
    for each in (person_id, *(merges.one_with(session, person_id) if kind is PersonKind.CUSTOMER else ())):
        person_keys.destroy(session, (kind, each))  # what was sealed while they were one cannot be told apart


def is_deleted(model: type[Base]) -> bool:
    """Whether rows about a person go as a whole: those that hold a secret of his, such as sessions."""
    return not persons.is_own(model) and bool(persons.columns(model, "secret"))


def _empty(row: Any, person_id: int) -> None:
    model = type(row)
    for name, column in (persons.columns(model, "personal") | persons.columns(model, "secret")).items():
        setattr(row, name, emptied(column, person_id, own=persons.is_own(model)))


def emptied(column: Column[Any], person_id: int, *, own: bool) -> str | None:
    """What stands in a column afterwards: nothing where that may be, else a number instead of a name.

    Raises:
        TypeError: the column must hold something, and that is no text.
    """
    if column.nullable:
        return None
    if not isinstance(column.type, String):
        raise TypeError(f"{column} is personal and cannot be emptied")
    if not own:
        return ""
    return f"erased-{person_id}" if column.unique else f"#{person_id}"
