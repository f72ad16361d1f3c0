"""Finding customers by what people type."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_

from app.models import Customer
from app.models.contacts import CONTACT_FIELDS


def customers(part: str, *, visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """Those with a part of a text in their name or, where these are visible, in one of their contacts.

    Args:
        visible: the customers whose contacts whoever searches sees; of the others' a search learns nothing.
    """
    part = part.strip()
    in_a_contact = or_(*(getattr(Customer, field).icontains(part, autoescape=True) for field in CONTACT_FIELDS))
    return or_(Customer.name.icontains(part, autoescape=True), and_(visible, in_a_contact))
