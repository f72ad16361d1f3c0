"""Contacts as whoever looks may see them: the screens ask here, with the school's settings as of now."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from app import current
from app.admin import seen
from app.admin.guard import viewer
from app.models import Customer
from app.services import contacts


def visible(customer: Customer) -> bool:
    """Whether whoever looks sees the customer's contacts."""
    return contacts.visible_to(viewer(), customer, today=current.today(), masking=current.school().mask_contacts)


def visible_rows() -> ColumnElement[bool]:
    """The customers whose contacts whoever looks sees."""
    return contacts.visible_rows(viewer(), today=current.today(), masking=current.school().mask_contacts)


def visible_in_pool() -> bool:
    """Whether whoever looks sees the contacts of public customers."""
    return contacts.visible_in_pool(viewer(), masking=current.school().mask_contacts)


def shown(customer: Customer, field: str, *, hidden: bool | None = None) -> str:
    """A contact of a customer, which is recorded as seen, or a sign that there is one.

    Args:
        hidden: whether to hide it; as `visible` says if left out.
    """
    value: str | None = getattr(customer, field)
    if not (visible(customer) if hidden is None else not hidden):
        return contacts.masked(value)
    if value:
        seen.note(customer.id)
    return value or ""


def shown_text(customer: Customer, text: str) -> str:
    """What people wrote about a customer, without contacts for those who do not see them."""
    return text if visible(customer) else contacts.masked_note(text, customer)
