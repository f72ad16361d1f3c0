"""Who sees a customer's contacts, and what everyone else sees instead."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from app.models import Customer, Employee
from app.models.contacts import CONTACT_FIELDS
from app.permissions import Permission, can
from app.services.rules import SCHOOL_RULES, PoolRules

HIDDEN = "•" * 4

_SHAPED_LIKE_A_CONTACT = re.compile(
    r"(?:\+?86[\s-]?)?\d(?:[\s\-.·]?\d){4,}"        # a phone or QQ number, also with gaps
    r"|(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[\d_-])[A-Za-z][A-Za-z0-9_-]{5,19}(?![A-Za-z0-9_-])"  # a WeChat id
    r"|[\w.+-]+@[\w-]+\.[\w.]+"                       # a mail address
)


def visible_to(viewer: Employee, customer: Customer, *, today: dt.date, rules: PoolRules = SCHOOL_RULES) -> bool:
    """Whether someone sees a customer's contacts: his own customer's, with the permission anyone's."""
    if customer.belongs_to(viewer.id, today) or can(viewer, Permission.CUSTOMER_CONTACTS):
        return True
    return not rules.mask_contacts and customer.is_public(today)


def masked(value: str | None) -> str:
    """What is shown of a hidden contact: that there is one, and no sign of it."""
    return HIDDEN if value else ""


def masked_note(note: str, customer: Customer) -> str:
    """A note without the customer's contacts and without whatever is shaped like one."""
    text = unicodedata.normalize("NFKC", note)
    for field in CONTACT_FIELDS:
        contact = getattr(customer, field)
        if contact:
            text = re.sub(re.escape(contact), HIDDEN, text, flags=re.IGNORECASE)
    return _SHAPED_LIKE_A_CONTACT.sub(HIDDEN, text)
