"""Is this contact known, and whom to ask about it: the one thing to be learnt of customers one may not see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, not_, select
from sqlalchemy.orm import Session

from app.errors import DomainError
from app.models import Customer, Employee, Role, RolePermission
from app.models.contacts import LONGEST_CONTACT, normal_contact
from app.permissions import Permission
from app.services import contacts, pool

SHORTEST = 5
"""Characters of the shortest contact there is, a QQ number."""


@dataclass(frozen=True)
class Answer:
    """What is told of a contact.

    Args:
        known: whether a customer has it.
        ask: whom to ask about him: id and name of the present consultant, or of those who assign customers.
    """

    known: bool
    ask: tuple[tuple[int, str], ...]


def check(contact: str) -> None:
    """Whether this can be a whole contact.

    Raises:
        DomainError: it is too short or too long; with the field.
    """
    length = len(normal_contact("contact", contact) or "")
    if length < SHORTEST:
        raise DomainError(_l("Enter the whole contact; it has at least %(least)d characters.", least=SHORTEST),
                          field="contact")
    if length > LONGEST_CONTACT:
        raise DomainError(_l("This contact is too long."), field="contact")


def look_up(session: Session, contact: str, *, today: dt.date) -> Answer:
    """Whether a customer has this contact as his QQ, mobile or WeChat; part of one is not known.

    It takes the same two queries whatever the answer.

    Raises:
        DomainError: see check.
    """
    check(contact)
    consultants = [(row.id, row.name) for row in session.execute(_consultants_of(contact, today))]
    leads = [(row.id, row.name) for row in session.execute(_who_assign())]
    asked: dict[int, str] = {}
    for consultant_id, name in consultants:
        asked |= dict(leads) if consultant_id is None else {consultant_id: name}
    return Answer(bool(consultants), tuple(asked.items()))


def _consultants_of(contact: str, today: dt.date) -> Select[int, str]:
    """The present consultant of each customer with the contact; None of one who has none who works here."""
    return (select(Employee.id, Employee.name).select_from(Customer)
            .outerjoin(Employee, and_(Employee.id == Customer.consultant_id, Employee.active,
                                      not_(pool.is_public(today))))
            .where(contacts.belongs_to(contact)).order_by(Customer.id))


def _who_assign() -> Select[int, str]:
    """Who may assign customers, by name."""
    granted = Employee.roles.any(Role.permissions.any(RolePermission.code == Permission.CUSTOMER_ASSIGN.value))
    return select(Employee.id, Employee.name).where(Employee.active, granted).order_by(Employee.name, Employee.id)
