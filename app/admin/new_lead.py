"""Entering a lead, and who gets it: whoever enters him, whoever's turn it is, a certain consultant, or the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField

from app import current
from app.admin import options
from app.admin.claim import who_has_him
from app.admin.customer_form import CustomerForm
from app.admin.guard import allowed, viewer
from app.extensions import db
from app.models import AssignmentEntry, Customer
from app.models.choices import Origin
from app.permissions import Permission
from app.services import assignment, customers

ME, TURN, POOL = "me", "assignment", "pool"


class GoesTo(SelectField):
    """Who gets a lead: no column of his."""

    def populate_obj(self, obj: Any, name: str) -> None:
        """It is the service that gives him to somebody."""


class NewCustomerForm(CustomerForm):
    """The form of a customer, with who gets him."""

    goes_to = GoesTo(_l("Goes to"), description=_l(
        "By assignment he goes to whoever’s turn it is; out of the Public Pool anyone may claim him."))


def offer(form: NewCustomerForm) -> None:
    """Offer whoever may get the lead; unless told otherwise who enters him keeps him, or the pool has him."""
    form.goes_to.choices = offered()
    if not form.goes_to.raw_data:
        form.goes_to.data = ME if viewer().can_hold_customers else POOL


def offered() -> list[tuple[str, str]]:
    """Who may get a lead whom the viewer enters."""
    me = [(ME, str(_("Me")))] if viewer().can_hold_customers else []
    ways = [*me, (TURN, str(_("By assignment"))), (POOL, str(_("Public Pool")))]
    if not allowed(Permission.CUSTOMER_ASSIGN):
        return ways
    return [*ways, *((str(each.id), each.name) for each in db.session.scalars(options.consultants())
                     if each.id != viewer().id)]


def enter(customer: Customer, goes_to: str) -> None:
    """Take a lead in for whom the form says."""
    today, now = current.today(), current.now()
    if goes_to == TURN:
        assignment.enter(db.session, customer, current.school().assignment_strategy, today=today, now=now)
    elif goes_to in (ME, POOL):
        customers.enter(db.session, customer, holder_id=viewer().id if goes_to == ME else None, today=today, now=now)
    else:
        customers.enter(db.session, customer, holder_id=int(goes_to), origin=Origin.ASSIGNMENT, today=today, now=now)


def went_to(customer: Customer) -> str:
    """Who has got a lead, as far as whoever entered him may know."""
    if customer.consultant is None:
        return str(_("%(name)s is in the Public Pool.", name=customer.name))
    if customer.consultant_id == viewer().id:
        return str(_("%(name)s is yours.", name=customer.name))
    holder = who_has_him(customer.consultant)
    if holder is None:
        return str(_("%(name)s was assigned.", name=customer.name))
    return str(_("%(name)s went to %(holder)s.", name=customer.name, holder=holder))


def dealt_out(entries: Sequence[AssignmentEntry]) -> list[str]:
    """What became of customers out of the pool whom somebody had dealt out, in a sentence or two."""
    got = Counter(entry.consultant.name for entry in entries if entry.consultant is not None)
    stayed = len(entries) - got.total()
    said = []
    if got:
        who = ", ".join(f"{name} {number}" for name, number in got.most_common())
        said.append(str(ngettext("%(num)d customer was assigned: %(who)s.", "%(num)d customers were assigned: %(who)s.",
                                 got.total(), who=who)))
    if stayed:
        said.append(str(ngettext("%(num)d stays in the Public Pool: nobody can be given a customer at the moment.",
                                 "%(num)d stay in the Public Pool: nobody can be given a customer at the moment.",
                                 stayed)))
    return said
