"""Holdings: the only place where Distribution rows begin and end, and where a customer's clock is set.

Locks are always taken in this order: employee (who is to hold), customer, distribution. Two transactions that follow
it cannot wait for each other in a circle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.models import Customer, Distribution, Employee
from app.models.audit import PersonKind
from app.models.choices import DistributionStatus, Origin
from app.services import audit, audit_capture, hands, limits, persons, rule_book
from app.services.audit import AUDITED
from app.services.hands import Closed
from app.services.rule_book import Clock
from app.services.rules import ONE_DAY


def lock_customer(session: Session, customer_id: int) -> Customer:
    """The customer as it is now, locked until the transaction ends.

    Raises:
        NotFoundError: there is no such customer.
        ConflictError: he was erased.
    """
    query = (select(Customer).where(Customer.id == customer_id)
             .with_for_update(key_share=True).execution_options(populate_existing=True))
    customer = session.scalar(query)
    if customer is None:
        raise NotFoundError(_l("There is no such customer."))
    persons.check_not_erased(customer)
    return customer


def lock_holder(session: Session, employee_id: int) -> Employee:
    """An employee who is about to get a customer, locked so that nobody deactivates or moves him meanwhile.

    Raises:
        NotFoundError: there is no such employee.
        ConflictError: he is not an active employee of a sales department.
    """
    session.execute(select(Employee.id).where(Employee.id == employee_id).with_for_update(key_share=True))
    # Read anew once the lock is there: the statement that waited for it saw the department as it was before.
    employee = session.get(Employee, employee_id, populate_existing=True)
    if employee is None:
        raise NotFoundError(_l("There is no such employee."), field="consultant")
    if not employee.can_hold_customers:
        raise ConflictError(_l("Only active employees of a sales department can hold customers."), field="consultant")
    return employee


def is_held(session: Session, customer: Customer, today: dt.date) -> bool:
    """Whether a locked customer is held: by the clock, and with an open row of his consultant.

    Only for a request that began before midnight and got its turn after the night do the two differ: the night has
    closed the holding, and nothing may go on as if it had not.
    """
    return customer.is_held(today) and bool(session.scalar(select(exists().where(
        Distribution.customer_id == customer.id, Distribution.consultant_id == customer.consultant_id,
        Distribution.status == DistributionStatus.FOLLOWING))))


def begin(session: Session, customer: Customer, consultant: Employee, origin: Origin, *,
          today: dt.date, now: dt.datetime, tell: bool = True) -> Distribution:
    """Open a holding: the customer is received and followed up as of today. The consultant is told.

    The customer is locked and its open row, if it had one, is closed; the consultant is locked (`lock_holder`).

    Args:
        tell: False where the caller tells him, in other words or of many at once.

    Raises:
        ConflictError: the consultant holds as many customers as he may.
    """
    with session.no_autoflush:
        rule_book.lock(session)
        book = rule_book.load(session)
        limits.check_room(session, consultant, book.of(consultant.department_code), today=today)
        clock = rule_book.clock_of(session, customer, consultant, book)
    customer.consultant_id = consultant.id
    customer.recv_date = customer.last_consult_date = today
    customer.locked_until = None
    _set_clock(customer, clock)
    row = Distribution(consultant_id=consultant.id, customer_id=customer.id, started_on=today,
                       status=DistributionStatus.FOLLOWING, origin=origin, created_at=now)
    session.add(row)
    session.flush()
    if tell:
        hands.gained(session, row, now=now)
    return row


def reopen(session: Session, customer: Customer, row: Distribution, *, today: dt.date) -> None:
    """Let a holding that ended by a mistake go on; it falls tomorrow at the earliest. A lock has ended with it.

    The consultant is locked and has room, the customer is locked, has no open row, and has the dates of that holding.
    """
    row.status, row.ended_on, row.closed_at = DistributionStatus.FOLLOWING, None, None
    customer.locked_until = None
    set_clock(session, customer, not_before=today + ONE_DAY)
    session.flush()


def set_clock(session: Session, customer: Customer, *, not_before: dt.date) -> None:
    """Work out anew when a held customer falls.

    Args:
        not_before: the earliest day it may fall, so that a change of rules or the end of a lock never takes a customer
            away without a warning.
    """
    with session.no_autoflush:
        clock = rule_book.clock_of(session, customer, session.get_one(Employee, customer.consultant_id))
    _set_clock(customer, clock)
    customer.public_on = max(customer.public_on or not_before, not_before)


def _set_clock(customer: Customer, clock: Clock) -> None:
    if customer.recv_date is None:
        raise ValueError("a customer nobody has received has no clock")
    end = clock.fall(customer.recv_date, customer.last_consult_date, customer.locked_until)
    customer.public_on, customer.public_as = end.public_on, end.public_as


def end(session: Session, customer: Customer, status: DistributionStatus, *, today: dt.date, now: dt.datetime,
        to_id: int | None = None, tell: bool = True) -> None:
    """Close the open row of a locked customer, if there is one. The consultant is told.

    A customer who is already public lost his consultant when he turned public: the row is then closed exactly as the
    night would have closed it, whatever ends it now.

    Args:
        to_id: who gets the customer, if he is given to somebody.
        tell: False where the caller tells whoever held him; that one fell is told nevertheless.
    """
    if customer.is_public(today):
        close_as_the_night(session, customer.id, public_on=customer.public_on, public_as=customer.public_as, now=now)
        return
    closed = _close(session, customer.id, status, today, now)
    if closed is not None and tell:
        hands.lost(session, closed, to_id=to_id, now=now)


def close_as_the_night(session: Session, customer_id: int, *, public_on: dt.date | None,
                       public_as: DistributionStatus | None, now: dt.datetime) -> None:
    """Close the open row of a public customer, if there is one: its status and day are those of the fall."""
    if public_on is not None and public_as is not None:
        closed = _close(session, customer_id, public_as, public_on, now)
        if closed is not None:
            hands.lost(session, closed, now=now)


def _close(session: Session, customer_id: int, status: DistributionStatus, ended_on: dt.date,
           now: dt.datetime) -> Closed | None:
    row = session.execute(
        update(Distribution)
        .where(Distribution.customer_id == customer_id, Distribution.status == DistributionStatus.FOLLOWING)
        .values(status=status, ended_on=ended_on, closed_at=now)
        .returning(*CLOSED).execution_options(**AUDITED)).one_or_none()
    if row is None:
        return None
    closed = Closed(*row)
    record_closed(session, [closed], now)
    return closed


CLOSED = (Distribution.id, Distribution.customer_id, Distribution.consultant_id, Distribution.status,
          Distribution.ended_on)
"""What is known of a holding that a statement has closed, as `Closed` names it."""


def record_closed(session: Session, closed: Iterable[Closed], now: dt.datetime) -> None:
    """Put holdings that a statement has closed into the audit log."""
    before: dict[str, Any] = {"status": DistributionStatus.FOLLOWING, "ended_on": None, "closed_at": None}
    audit.changed(session, Distribution, [
        (each.row_id, (PersonKind.CUSTOMER, each.customer_id),
         audit_capture.differences(before, {"status": each.status, "ended_on": each.ended_on, "closed_at": now}))
        for each in closed])


def recompute_held(session: Session, customer_id: int, *, today: dt.date) -> None:
    """Set the clock of one held customer anew after a change of what binds him, such as his source.

    It falls tomorrow at the earliest; public and enrolled customers are left as they are.
    """
    customer = lock_customer(session, customer_id)
    if is_held(session, customer, today):
        set_clock(session, customer, not_before=today + ONE_DAY)
