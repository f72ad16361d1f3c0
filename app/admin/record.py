"""The record page: one customer, whoever looks at him, with what that person may see and do."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import request, url_for
from flask_admin import BaseView

from app import current, display, web
from app.admin import contacts
from app.admin import history as audit_history
from app.admin.guard import allowed, viewer
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Customer, Distribution
from app.models.choices import Intent
from app.permissions import Permission
from app.services import deadlines, timeline
from app.services.contacts import masked_note

_FACTS = ("gender", "source", "campus", "education", "graduation_school", "major", "experience", "work_status",
          "company", "salary", "referral_from", "date", "recv_date", "last_consult_date")


def record_page(view: BaseView, customer: Customer, *, edit_url: str | None = None,
                holding: Distribution | None = None) -> str:
    """The page of a customer.

    Args:
        edit_url: where he can be edited by whoever looks, if anywhere.
        holding: the past holding through which whoever looks knows the customer: the timeline then ends with it,
            contacts are hidden again, unless nobody's in the pool are, and nothing can be done.
    """
    today, past = current.today(), holding is not None
    in_open_pool = customer.is_public(today) and not current.school().mask_contacts
    sees = contacts.visible(customer) and (in_open_pool or not past)
    own = (customer.belongs_to(viewer().id, today) and customer.erased_on is None
           and allowed(Permission.FOLLOW_UP_CREATE) and not past)
    claimable = (allowed(Permission.POOL_CLAIM) and viewer().can_hold_customers and not past
                 and customer.is_public(today) and customer.consultant_id != viewer().id)
    events = timeline.of(db.session, customer, clock=current.clock(), today=today, masked=not sees, holding=holding)
    page: str = view.render(
        "screens/customer.html", customer=customer, contact=partial(contacts.shown, customer, hidden=not sees), own=own,
        past=past, holding=holding, can_claim=claimable, events=events, intents=list(Intent),
        clock=None if past else deadlines.standing(customer, today=today),
        facts=[] if past else _facts(customer, hidden=not sees), courses_removable=own, edit_url=edit_url,
        history_url=None if past else url_for("followup.index_view", customer=customer.id),
        history=None if past else audit_history.of(customer, revealed=sees),
        return_url=web.return_address(request.full_path.rstrip("?")))
    return page


def _facts(customer: Customer, *, hidden: bool) -> list[tuple[Any, str]]:
    """What is known of the customer besides his contacts; what is not known is left out."""
    found = [(LABELS[name], getattr(customer, name)) for name in _FACTS]
    return [(label, masked_note(value, customer) if hidden and isinstance(value, str) else _shown(value))
            for label, value in found if value is not None]


def _shown(value: Any) -> str:
    if isinstance(value, dt.date):
        return display.day(value)
    return str(getattr(value, "label", value))
