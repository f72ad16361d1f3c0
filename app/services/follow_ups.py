"""Follow-ups: logging one moves the customer's deadline; editing and deleting never do."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotAllowedError
from app.models import Customer, Employee, FollowUp
from app.models.choices import Intent
from app.services import contacts, distributions, persons
from app.services.rules import ONE_DAY

LONGEST_NOTE = 4000


def log(session: Session, customer_id: int, author: Employee, note: str, *, today: dt.date, now: dt.datetime,
        intent: Intent = Intent.NO_PLAN, next_contact_on: dt.date | None = None, at: dt.datetime | None = None,
        for_any_consultant: bool = False) -> FollowUp:
    """Record a follow-up and move the deadline, by the business date of saving.

    Only the present consultant writes one: a public customer has none, so the former one is refused.

    Args:
        at: when it took place, not later than `now`, which it is if left out.
        for_any_consultant: the author is a manager, who may write while anyone holds the customer.

    Raises:
        ConflictError: the customer is public, or someone else's.
        DomainError: the note is empty, `at` is in the future, or the next contact in the past; with the field.
    """
    _check(note, next_contact_on, today)
    if at is not None and at > now:
        raise DomainError(_l("A follow-up cannot have taken place in the future."), field="at")
    customer = distributions.lock_customer(session, customer_id)
    held = distributions.is_held(session, customer, today)
    _check_present_consultant(customer, author, held, for_any_consultant)
    record = FollowUp(customer_id=customer.id, consultant_id=author.id, at=at or now, saved_on=today,
                      note=note.strip(), intent=intent, next_contact_on=next_contact_on)
    session.add(record)
    customer.last_consult_date = max(customer.last_consult_date, today)
    if held:  # tomorrow at the earliest: where only the end of a lock kept him, F itself may lie in the past
        distributions.set_clock(session, customer, not_before=today + ONE_DAY)
    session.flush()
    return record


def last_of_holding(session: Session, customer: Customer) -> FollowUp | None:
    """The last follow-up since the present consultant received the customer, which says when to call next."""
    if customer.recv_date is None:
        return None
    return session.scalar(select(FollowUp).where(
        FollowUp.customer_id == customer.id, FollowUp.saved_on >= customer.recv_date).order_by(
        FollowUp.id.desc()).limit(1))


def plan(session: Session, customer_id: int, author: Employee, next_contact_on: dt.date | None, *, today: dt.date,
         for_any_consultant: bool = False) -> None:
    """Set, change or drop the day of the next contact without a follow-up; the clock stays.

    It stands on the last follow-up, whoever wrote it and whenever: what was said stays as it was written, but when to
    call next is for whoever calls.

    Raises:
        ConflictError: the customer is public, someone else's, or nobody has followed him up since he was received.
        DomainError: the day has passed; with the field.
    """
    _check_next_contact(next_contact_on, today)
    customer = distributions.lock_customer(session, customer_id)
    held = distributions.is_held(session, customer, today)
    _check_present_consultant(customer, author, held, for_any_consultant)
    last = last_of_holding(session, customer)
    if last is None:
        raise ConflictError(_l("Log a follow-up first: it says when to call next."))
    last.next_contact_on = next_contact_on


def check_editable(record: FollowUp, author: Employee, *, today: dt.date, masking: bool) -> None:
    """A follow-up is edited by its author, on the day it was saved, while he may see what it says.

    Args:
        masking: whether the school hides the contacts of public customers.

    Raises:
        NotAllowedError: someone else's, another day's, or of a customer he has lost since.
        ConflictError: the customer was erased.
    """
    persons.check_not_erased(record.customer)
    if not contacts.visible_to(author, record.customer, today=today, masking=masking):
        raise NotAllowedError(_l("You no longer have this customer."))
    if record.consultant_id != author.id or record.saved_on != today:
        raise NotAllowedError(_l("A follow-up can be changed only by its author, on the day it was saved."))


def edit(session: Session, record: FollowUp, author: Employee, *, note: str, intent: Intent,
         next_contact_on: dt.date | None, today: dt.date, masking: bool) -> None:
    """Change a follow-up's note, intent and next contact; the clock stays.

    Raises:
        NotAllowedError, ConflictError: see check_editable.
        DomainError: the note is empty or the next contact in the past; with the field.
    """
    distributions.lock_customer(session, record.customer_id)
    check_editable(record, author, today=today, masking=masking)
    _check(note, next_contact_on, today)
    record.note, record.intent, record.next_contact_on = note.strip(), intent, next_contact_on


def delete(session: Session, record: FollowUp, author: Employee, *, today: dt.date, masking: bool) -> None:
    """Delete a follow-up; the clock stays.

    Raises:
        NotAllowedError, ConflictError: see check_editable.
    """
    check_editable(record, author, today=today, masking=masking)
    session.delete(record)
    session.flush()


def _check(note: str, next_contact_on: dt.date | None, today: dt.date) -> None:
    if not note.strip():
        raise DomainError(_l("Write what was said."), field="note")
    if len(note) > LONGEST_NOTE:
        raise DomainError(_l("A note has at most %(most)d characters.", most=LONGEST_NOTE), field="note")
    _check_next_contact(next_contact_on, today)


def _check_next_contact(next_contact_on: dt.date | None, today: dt.date) -> None:
    if next_contact_on is not None and next_contact_on < today:
        raise DomainError(_l("The next contact cannot be in the past."), field="next_contact_on")


def _check_present_consultant(customer: Customer, author: Employee, held: bool, for_any: bool) -> None:
    if not held and not customer.is_enrolled:
        raise ConflictError(_l("%(name)s is in the Public Pool: whoever follows him up claims him first.",
                               name=customer.name))
    if not for_any and customer.consultant_id != author.id:
        raise ConflictError(_l("%(name)s is followed up by someone else.", name=customer.name))
