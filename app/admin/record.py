"""The record page: one customer, whoever looks at him, with what that person may see and do."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import request, url_for
from flask_admin import BaseView
from sqlalchemy import select

from app import current, web
from app.admin import contacts, days_off, options
from app.admin import history as audit_history
from app.admin.clocks import cool_down_days, standings
from app.admin.guard import allowed, viewer
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Customer, Distribution, Employee, FollowUp
from app.models.audit import PersonKind
from app.models.choices import Intent, RowScope
from app.permissions import Permission, scope_of, scope_of_all
from app.services import assignment_ledger, follow_ups, history, merges, notices, pool, timeline
from app.services.assignment_ledger import Skipped
from app.services.contacts import masked_note
from app.services.rules import ONE_DAY
from app.services.timeline import Event


@dataclass(frozen=True)
class Lockable:
    """What can be done about a customer's lock: end the one that lasts `until` a day, lock him up to the `last` day."""

    until: dt.date | None
    last: dt.date | None


SHOWN = 12
"""So many events of the timeline are unfolded."""

MERGING = (Permission.CUSTOMER_READ, Permission.CUSTOMER_MERGE, Permission.CUSTOMER_CONTACTS)
"""Whoever merges sees what he merges, contacts too."""

_FACTS = ("source", "campus", "education", "graduation_school", "major", "experience", "work_status", "company",
          "salary", "referral_from", "date", "recv_date", "last_consult_date")


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
    found = timeline.of(db.session, customer, clock=current.clock(), today=today, masked=not sees, holding=holding)
    page: str = view.render(
        "screens/customer.html", customer=customer, past=past, holding=holding, shown=SHOWN,
        contact=partial(contacts.shown, customer, hidden=not sees), sees=sees,
        events=found.events, hands=found.hands, skipped=_skipped(found.events),
        memo=partial(_memo, customer, sees=sees),
        change_url=partial(_change_url, customer, sees=sees and not past),
        **_clock(None if past else customer),
        facts=[] if past else _facts(customer, hidden=not sees), edit_url=edit_url,
        history_url=None if past else url_for("followup.index_view", customer=customer.id),
        history=None if past else audit_history.of(customer, revealed=sees),
        unread_notices=[] if viewer().assumed_role else notices.unread_about(db.session, viewer().id, customer.id),
        state=None if past else state_of(customer), session_id=current.login_session().id,
        **({} if past else _doings(customer)), return_url=web.return_address(request.full_path.rstrip("?")))
    return page


def _clock(customer: Customer | None) -> dict[str, Any]:
    """Where a customer stands on the clock, and the days of it that do not count."""
    found = standings([customer])(customer) if customer is not None else None
    if found is None or customer is None or customer.consultant is None:
        return {"clock": None, "off": None}
    rules = current.rules().of(customer.consultant.department_code, customer.source)
    return {"clock": found, "off": days_off.of_standing(found, rules.calendar)}


# --- where whoever looks finds a customer, and what he may do there ---------------------------------------------------


def present_page_of(customer: Customer) -> str | None:
    """Where whoever looks finds a customer as he is now: among the customers or in the pool. No query is needed."""
    if within(scope_of(viewer(), Permission.CUSTOMER_READ), customer):
        return url_for("customer.details_view", id=customer.id)
    return url_for("publicpool.details_view", id=customer.id) if is_in_pool(customer) else None


def page_of(customer: Customer) -> str | None:
    """The address at which whoever looks finds a customer: among the customers, in the pool, or as a past one."""
    present = present_page_of(customer)
    if present is not None:
        return present
    if not allowed(Permission.MY_CUSTOMERS_READ):
        return None
    last = db.session.scalar(select(Distribution.id).where(
        Distribution.customer_id == customer.id, Distribution.consultant_id == viewer().id)
        .order_by(Distribution.id.desc()).limit(1))
    return None if last is None else url_for("mycustomers.details_view", id=last)


def within(scope: RowScope | None, customer: Customer) -> bool:
    """Whether a reach covers a customer; as the row filter of the customers' table, of one that is at hand."""
    today, me = current.today(), viewer()
    if scope is RowScope.DEPARTMENT:
        return customer.belongs_to_department(me.department_code, today)
    return scope is RowScope.ALL or (scope is RowScope.OWN and customer.belongs_to(me.id, today))


def is_in_pool(customer: Customer) -> bool:
    """Whether whoever looks finds the customer in the pool."""
    return (allowed(Permission.POOL_READ) and customer.is_public(current.today())
            and pool.is_open_to(customer, viewer().id, current.today(), cool_down_days=cool_down_days()))


def acts_for_others(customer: Customer, *needed: Permission) -> bool:
    """Whether whoever asks may do something with this customer whoever holds him."""
    scope = scope_of_all(viewer(), *needed)
    return scope is not RowScope.OWN and within(scope, customer)


def may(customer: Customer, permission: Permission) -> bool:
    """Whether something can be done with the customer here by whoever looks."""
    return within(scope_of_all(viewer(), Permission.CUSTOMER_READ, permission), customer)


def may_merge(customer: Customer) -> bool:
    """Whether whoever looks may merge this customer with another."""
    return customer.erased_on is None and within(scope_of_all(viewer(), *MERGING), customer)


def may_follow_up(customer: Customer) -> bool:
    """Whether whoever looks may write a follow-up: on his own, or on one that is held, as far as he sees contacts."""
    own = allowed(Permission.FOLLOW_UP_CREATE) and customer.belongs_to(viewer().id, current.today())
    return own or writes_for_others(customer)


def writes_for_others(customer: Customer) -> bool:
    """While others hold him, and only where one sees contacts.

    A note that hides what was written in it would tell its author which guess was right.
    """
    return customer.is_held(current.today()) and acts_for_others(
        customer, Permission.FOLLOW_UP_CREATE, Permission.CUSTOMER_CONTACTS)


def _doings(customer: Customer) -> dict[str, Any]:
    """What whoever looks may do, and what the forms for it need."""
    if customer.erased_on is not None:
        return {}
    today, held = current.today(), customer.is_held(current.today())
    may_assign = not customer.is_enrolled and may(customer, Permission.CUSTOMER_ASSIGN)
    may_edit = may(customer, Permission.CUSTOMER_EDIT)
    consulted = {course.id for course in customer.courses}
    return {
        "may_log": may_follow_up(customer), "intents": list(Intent),
        "last": follow_ups.last_of_holding(db.session, customer) if customer.belongs_to_someone(today) else None,
        "may_release": held and may(customer, Permission.CUSTOMER_RELEASE), "may_edit": may_edit,
        "lockable": lockable(customer),
        "merge_url": _merge_url(customer, "index_view"), "merges_url": _merge_url(customer, "details_view"),
        "may_claim": (allowed(Permission.POOL_CLAIM) and viewer().can_hold_customers
                      and pool.is_open_to(customer, viewer().id, today, cool_down_days=cool_down_days())),
        "consultants": _others(customer.consultant_id if held else None) if may_assign else [],
        "courses": [each for each in db.session.scalars(options.courses()) if each.id not in consulted]
        if may_edit else [],
        "referrer_url": page_of(customer.referral_from) if customer.referral_from is not None else None}


def _merge_url(customer: Customer, view: str) -> str | None:
    """Where the customer is merged with another, or what was merged into him is parted again; for whoever may."""
    if not may_merge(customer):
        return None
    if view == "details_view" and not merges.merges_into(db.session, customer.id):
        return None
    return url_for(f"merge.{view}", customer=customer.id)


def lockable(customer: Customer) -> Lockable | None:
    """Whether whoever looks may lock or unlock the customer, whose consultant is loaded; None if neither."""
    today = current.today()
    if not customer.is_held(today) or customer.consultant is None or not may(customer, Permission.CUSTOMER_LOCK):
        return None
    rules, locked = current.rules().of(customer.consultant.department_code), customer.locked_until
    until = locked if locked is not None and locked >= today else None
    last = today + rules.lock_days * ONE_DAY if rules.lock_limit else None
    return Lockable(until, last) if until or last else None


def _others(consultant_id: int | None) -> list[Employee]:
    return [each for each in db.session.scalars(options.consultants()) if each.id != consultant_id]


def _memo(customer: Customer, row: Any, *, sees: bool) -> dict[str, Any] | None:
    """The memo of a holding, for those who may read it, and where it is written, for those who may write it."""
    if not isinstance(row, Distribution):
        return None
    reached = scope_of(viewer(), Permission.DISTRIBUTION_READ)
    if not (reached is RowScope.ALL or (reached is not None and row.consultant_id == viewer().id) or (
            reached is RowScope.DEPARTMENT and row.consultant.department_code == viewer().department_code)):
        return None
    text = row.memo if sees or row.memo is None else masked_note(row.memo, customer)
    writes = sees and customer.erased_on is None and allowed(Permission.DISTRIBUTION_MEMO)
    return {"text": text, "url": url_for("distribution.edit_view", id=row.id) if writes else None}


def _skipped(events: list[Event]) -> dict[int, list[Skipped]]:
    """Who was passed over when the customer was assigned, by the ledger's line, for those who may know of others."""
    if not allowed(Permission.SALES_RANK_READ):
        return {}
    return assignment_ledger.skipped(db.session, [event.assigned for event in events if event.assigned is not None])


def _change_url(customer: Customer, event: Event, *, sees: bool) -> str | None:
    """Where a follow-up can be changed: by its author, on the day it was saved."""
    record = event.row
    editable = (isinstance(record, FollowUp) and sees and customer.erased_on is None
                and allowed(Permission.FOLLOW_UP_CREATE)
                and record.consultant_id == viewer().id and record.saved_on == current.today())
    return url_for("followup.edit_view", id=record.id) if editable and record is not None else None


# --- what the page shows ----------------------------------------------------------------------------------------------


def state_of(customer: Customer) -> str:
    """A token that changes whenever something about the customer does, and begins with the business date."""
    last = history.last_changes(db.session, (PersonKind.CUSTOMER, customer.id))
    told = (last[0].id if last else 0, customer.consultant_id, customer.public_on, customer.public_as, customer.status,
            customer.recv_date, customer.last_consult_date, customer.locked_until)
    return f"{current.today().isoformat()}.{hashlib.blake2s(repr(told).encode(), digest_size=8).hexdigest()}"


def _facts(customer: Customer, *, hidden: bool) -> list[tuple[str, Any, Any]]:
    """What is known of the customer besides his contacts: name, label, value; what is not known is left out."""
    found = [(name, LABELS[name], getattr(customer, name)) for name in _FACTS]
    return [(name, label, masked_note(value, customer) if hidden and isinstance(value, str) else _shown(value))
            for name, label, value in found if value is not None]


def _shown(value: Any) -> Any:
    """A date is for the page to show."""
    return value if isinstance(value, dt.date) else str(getattr(value, "label", value))
