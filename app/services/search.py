"""Finding customers by what people type."""

from __future__ import annotations

import sys

from sqlalchemy import ColumnElement, and_, or_, select, union_all
from sqlalchemy.orm import aliased

from app.models import Customer
from app.models.contacts import CONTACT_FIELDS

MOST_BEGINNING = 1_000
"""So many that begin alike are looked at; whoever finds too many of them types on."""


def customers(part: str, *, visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """Those with a part of a text in their name or, where these are visible, in one of their contacts.

    Args:
        visible: the customers whose contacts whoever searches sees; of the others' a search learns nothing.
    """
    part = part.strip()
    in_a_contact = or_(*(getattr(Customer, field).icontains(part, autoescape=True)
                         for field in (*CONTACT_FIELDS, "other_contacts")))
    return or_(Customer.name.icontains(part, autoescape=True), and_(visible, in_a_contact))


def beginning(part: str, *columns: str) -> ColumnElement[bool]:
    """Customers one of whose texts begins so, found in the indexes of these columns; of each the first that do.

    They are compared by code point: what begins so stands from the part itself to the last sign there is after it.
    """
    other, found = aliased(Customer), []
    for name in columns:
        text = getattr(other, name)
        begins = select(other.id).where(text >= part, text < part + chr(sys.maxunicode))
        found.append(select(begins.order_by(text).limit(MOST_BEGINNING).subquery().c.id))
    return Customer.id.in_(union_all(*found))
