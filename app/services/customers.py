"""What may happen to a customer: entering, release, assignment, transfer, locks, courses, deletion."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import Course, Customer, Distribution, Employee, FollowUp, Merge
from app.models.choices import CustomerStatus, DistributionStatus, Origin
from app.models.contacts import CONTACT_FIELDS, LONGEST_CONTACT
from app.services import contacts, distributions, limits, persons
from app.services.rules import ONE_DAY

_LOOKS_LIKE_A_NUMBER = re.compile(r"\d(?:[\s\-.]?\d){4}")
"""Names are shown in the Public Pool, where contacts are hidden."""


class KnownContactError(DomainError):
    """A contact belongs to another customer already."""


def enter(session: Session, customer: Customer, *, holder_id: int | None, today: dt.date, now: dt.datetime,
          origin: Origin = Origin.ENTRY, tell: bool = True) -> None:
    """Take in a new lead: it becomes its holder's, or goes to the pool if nobody is to hold it.

    Args:
        customer: not yet stored; the columns a rule governs are set here.
        holder_id: the consultant who gets it, or None for the pool.
        tell: False where the caller tells the holder.

    Raises:
        DomainError: no contact; with the field.
        KnownContactError: a contact is another customer's already; with the field.
        ConflictError: the holder cannot hold customers, or no more of them.
    """
    check_contacts(session, customer)
    holder = distributions.lock_holder(session, holder_id) if holder_id is not None else None
    customer.status = CustomerStatus.NOT_ENROLLED
    customer.date = customer.last_consult_date = customer.public_on = today
    customer.consultant_id = customer.recv_date = customer.public_as = customer.locked_until = None
    with storing(session, customer):
        session.add(customer)
    if holder is not None:
        distributions.begin(session, customer, holder, origin, today=today, now=now, tell=tell)


def check_contacts(session: Session, customer: Customer) -> None:
    """Each customer has at least one contact, no two share one in any field, and none stands in the name.

    Of two who enter the same contact at the same moment, in whichever fields, the database refuses one: see `storing`.

    Raises:
        DomainError: with the field it is about.
        KnownContactError: with the field; it does not say whose the contact is.
    """
    with session.no_autoflush:
        _check_contacts(session, customer)


@contextmanager
def storing(session: Session, customer: Customer) -> Iterator[None]:
    """Write what is done to a customer meanwhile; whoever was quicker with one of his contacts has it.

    Raises:
        KnownContactError: someone entered one of the contacts since they were checked; with the field.
    """
    customer_id, given = customer.id or 0, {}
    try:
        with session.begin_nested():
            yield
            given = _given(customer)
            session.flush()
    except IntegrityError:
        _check_unknown(session, customer_id, given)
        raise


def _given(customer: Customer) -> dict[str, str]:
    return {field: contact for field in CONTACT_FIELDS if (contact := getattr(customer, field))}


def _check_contacts(session: Session, customer: Customer) -> None:
    if _LOOKS_LIKE_A_NUMBER.search(unicodedata.normalize("NFKC", customer.name or "")):
        raise DomainError(_l("A name holds no number: enter QQ, mobile or WeChat where they belong."), field="name")
    given = _given(customer)
    if not given:
        raise DomainError(_l("Enter at least one contact: QQ, mobile or WeChat."), field="qq")
    for field, value in given.items():
        if len(value) > LONGEST_CONTACT:
            raise DomainError(_l("This contact is too long."), field=field)
    _check_unknown(session, customer.id or 0, given)


def _check_unknown(session: Session, customer_id: int, given: dict[str, str]) -> None:
    for field, value in given.items():
        if session.scalar(select(exists().where(contacts.belongs_to(value), Customer.id != customer_id))):
            raise KnownContactError(_l("This contact belongs to a customer who is known already."), field=field)


def check_referrer(customer: Customer, referrer: Customer | None) -> None:
    """A customer is referred by someone who has enrolled, never by himself.

    Raises:
        DomainError: with the field.
        ConflictError: he was erased.
    """
    if referrer is None or referrer.id == customer.referral_from_id:
        return
    persons.check_not_erased(referrer)
    if referrer is customer or (customer.id is not None and referrer.id == customer.id):
        raise DomainError(_l("A customer cannot refer himself."), field="referral_from")
    if not referrer.is_enrolled:
        raise DomainError(_l("Only an enrolled customer can refer another."), field="referral_from")


def release(session: Session, customer_id: int, *, by: Employee | None = None, today: dt.date,
            now: dt.datetime, tell: bool = True) -> None:
    """Give a held customer back to the pool, from where anyone but his consultant may claim him.

    Args:
        by: only if this consultant holds him; anyone's customer if None.
        tell: False where the caller tells whoever held him.

    Raises:
        ConflictError: nobody, or someone else, holds the customer.
    """
    customer = distributions.lock_customer(session, customer_id)
    _check_held(session, customer, today, by)
    distributions.end(session, customer, DistributionStatus.RELEASED, today=today, now=now, tell=tell)
    customer.public_on = today
    customer.public_as = DistributionStatus.RELEASED
    customer.locked_until = None


def assign(session: Session, customer_id: int, consultant_id: int, *, today: dt.date, now: dt.datetime,
           tell: bool = True) -> None:
    """Give a customer, public or held by another, to a consultant; the clock begins anew.

    Args:
        tell: False where the caller tells both.

    Raises:
        ConflictError: the customer has enrolled, or is already this consultant's, or he cannot hold customers, or no
            more of them.
    """
    consultant = distributions.lock_holder(session, consultant_id)
    customer = distributions.lock_customer(session, customer_id)
    if customer.is_enrolled:
        raise ConflictError(_l("%(name)s has enrolled and stays with his consultant.", name=customer.name))
    held = distributions.is_held(session, customer, today)
    if held and customer.consultant_id == consultant.id:
        raise ConflictError(_l("%(name)s is already with this consultant.", name=customer.name))
    distributions.end(session, customer, DistributionStatus.TRANSFERRED, today=today, now=now, to_id=consultant.id,
                      tell=tell)
    origin = Origin.TRANSFER if held else Origin.ASSIGNMENT
    distributions.begin(session, customer, consultant, origin, today=today, now=now, tell=tell)


def hand_over(session: Session, customer_id: int, leaver_id: int, consultant_id: int, *, today: dt.date,
              now: dt.datetime) -> None:
    """Give a customer of somebody who leaves to another consultant.

    One on the clock is transferred. An enrolled one stays outside it: his holding ended when he was won, and no other
    begins, for nobody is to win him again. The caller tells both consultants.

    Raises:
        ConflictError: the customer is no longer the leaver's, or the consultant cannot hold customers.
    """
    consultant = distributions.lock_holder(session, consultant_id)
    customer = distributions.lock_customer(session, customer_id)
    held = distributions.is_held(session, customer, today)
    if customer.consultant_id != leaver_id or not (held or customer.is_enrolled):
        raise ConflictError(_l("%(name)s has changed hands meanwhile.", name=customer.name))
    if held:
        distributions.end(session, customer, DistributionStatus.TRANSFERRED, today=today, now=now, tell=False)
        distributions.begin(session, customer, consultant, Origin.TRANSFER, today=today, now=now, tell=False)
    else:
        customer.consultant_id = consultant.id
        session.flush()


def lock(session: Session, customer_id: int, until: dt.date, *, by: Employee | None = None, today: dt.date) -> None:
    """Keep a held customer from falling up to and including a day.

    Raises:
        DomainError: the day has passed.
        ConflictError: nobody, or someone else, holds the customer; or the rules do not allow one more lock, or none so
            long, and then it says what they allow.
    """
    if until < today:
        raise DomainError(_l("A lock cannot end in the past."), field="until")
    seen = session.get(Customer, customer_id)
    holder_id = seen.consultant_id if seen is not None else None
    if holder_id is not None:
        session.execute(select(Employee.id).where(Employee.id == holder_id).with_for_update(key_share=True))
    customer = distributions.lock_customer(session, customer_id)
    _check_held(session, customer, today, by)
    if customer.consultant is None or customer.consultant_id != holder_id:  # he changed hands meanwhile
        raise ConflictError(_l("%(name)s is not with a consultant.", name=customer.name))
    limits.check_lock(session, customer.consultant, customer, until, today=today)
    customer.locked_until = until
    distributions.set_clock(session, customer, not_before=today + ONE_DAY)


def unlock(session: Session, customer_id: int, *, by: Employee | None = None, today: dt.date) -> None:
    """End a lock; the customer falls tomorrow at the earliest.

    Raises:
        ConflictError: nobody, or someone else, holds the customer.
    """
    customer = distributions.lock_customer(session, customer_id)
    _check_held(session, customer, today, by)
    customer.locked_until = None
    distributions.set_clock(session, customer, not_before=today + ONE_DAY)


def add_course(session: Session, customer_id: int, course_id: int, *, by: Employee | None, today: dt.date) -> Course:
    """Put a course on the list of those a customer has asked about; one that is on it already stays there.

    Args:
        by: only if the customer is this consultant's; anyone's if None.

    Raises:
        ConflictError: the customer is not his.
        NotFoundError: there is no such course.
    """
    customer = distributions.lock_customer(session, customer_id)
    _check_own(customer, by, today)
    course = session.get(Course, course_id)
    if course is None:
        raise NotFoundError(_l("There is no such course."), field="course")
    if course not in customer.courses:
        customer.courses.append(course)
    return course


def cancel_course(session: Session, customer_id: int, course_id: int, *, by: Employee | None,
                  today: dt.date) -> Course:
    """Take a consulted course off a customer (S2's `cancel_course`).

    Args:
        by: only if the customer is this consultant's; anyone's if None.

    Raises:
        ConflictError: the customer is not his, or has not asked for that course.
    """
    customer = distributions.lock_customer(session, customer_id)
    _check_own(customer, by, today)
    for course in customer.courses:
        if course.id == course_id:
            customer.courses.remove(course)
            return course
    raise ConflictError(_l("This course is no longer on the customer's list."))


def delete(session: Session, customer_id: int) -> None:
    """Delete a customer without history, such as a lead entered by mistake.

    Raises:
        ConflictError: someone held him, followed him up, was merged into him, or was referred by him: history is kept.
    """
    customer = distributions.lock_customer(session, customer_id)
    history = select(or_(exists().where(Distribution.customer_id == customer_id),
                         exists().where(FollowUp.customer_id == customer_id)))
    if session.scalar(history):
        raise ConflictError(_l("%(name)s has a history of consultants or follow-ups, which is kept; "
                               "he cannot be deleted.", name=customer.name))
    if session.scalar(select(exists().where(Merge.survivor_id == customer_id))):
        raise ConflictError(_l("Another customer was merged into %(name)s, which is kept; he cannot be deleted.",
                               name=customer.name))
    if session.scalar(select(exists().where(Customer.referral_from_id == customer_id))):
        raise ConflictError(_l("%(name)s has referred other customers and cannot be deleted.", name=customer.name))
    session.delete(customer)
    session.flush()


def _check_own(customer: Customer, by: Employee | None, today: dt.date) -> None:
    if by is not None and not customer.belongs_to(by.id, today):
        raise ConflictError(_l("%(name)s is not with you.", name=customer.name))


def _check_held(session: Session, customer: Customer, today: dt.date, by: Employee | None) -> None:
    if not distributions.is_held(session, customer, today):
        raise ConflictError(_l("%(name)s is not with a consultant.", name=customer.name))
    if by is not None and customer.consultant_id != by.id:
        raise ConflictError(_l("%(name)s is not with you.", name=customer.name))
