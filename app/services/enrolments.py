"""Enrolment and its undoing, as far as the clock is concerned."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.models import Customer, Employee
from app.models.choices import CustomerStatus, DistributionStatus, Origin
from app.services import distributions, limits


def enrol(session: Session, customer_id: int, *, today: dt.date, now: dt.datetime) -> Customer:
    """Win a held customer: his holding ends as won, and he leaves the clock.

    A public customer is claimed or assigned first, in the same transaction.

    Raises:
        ConflictError: nobody holds the customer.
    """
    customer = distributions.lock_customer(session, customer_id)
    if not distributions.is_held(session, customer, today):
        raise ConflictError(_l("%(name)s is not with a consultant.", name=customer.name))
    distributions.end(session, customer, DistributionStatus.ENROLLED, today=today, now=now)
    customer.status = CustomerStatus.ENROLLED
    customer.public_on = customer.public_as = customer.locked_until = None
    return customer


def undo(session: Session, customer_id: int, *, today: dt.date, now: dt.datetime) -> Customer:
    """Undo a customer's last active enrolment: his consultant has him back, on a new clock.

    If that consultant can hold no customer, or no more of them, he goes to the pool.

    Raises:
        ConflictError: the customer has not enrolled, or was handed over at this moment.
    """
    consultant_id, holder = _former_holder(session, customer_id, today)
    customer = distributions.lock_customer(session, customer_id)
    if not customer.is_enrolled:
        raise ConflictError(_l("%(name)s has not enrolled.", name=customer.name))
    if customer.consultant_id != consultant_id:
        raise ConflictError(_l("This customer is being changed by someone else. Please try again."))
    customer.status = CustomerStatus.NOT_ENROLLED
    customer.recv_date = customer.last_consult_date = today
    if holder is not None:
        distributions.begin(session, customer, holder, Origin.REINSTATED, today=today, now=now)
    else:
        customer.public_on = today
        customer.public_as = DistributionStatus.RELEASED
    return customer


def _former_holder(session: Session, customer_id: int, today: dt.date) -> tuple[int | None, Employee | None]:
    """The consultant of an enrolled customer; and himself, locked, if he can hold one more.

    He is locked before the customer, so whoever hands the customer over at this moment may come in between.
    """
    consultant_id = session.scalar(select(Customer.consultant_id).where(Customer.id == customer_id))
    if consultant_id is None:
        return None, None
    try:
        holder = distributions.lock_holder(session, consultant_id)
    except ConflictError:
        return consultant_id, None
    return consultant_id, holder if limits.has_room(session, holder, today=today) else None
