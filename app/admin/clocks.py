"""The pool rules as the screens of one person need them, and where customers stand on their clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app import current
from app.admin.guard import viewer
from app.extensions import db
from app.models import Customer
from app.services import deadlines, rule_book
from app.services.deadlines import Standing
from app.services.rules import PoolRules


def own_rules() -> PoolRules:
    """The rules of the department of whoever looks."""
    return current.rules().of(viewer().department_code)


def cool_down_days() -> int:
    """After how many days whoever looks may claim a customer he had; 0: only after another has had him."""
    return own_rules().cool_down_days


def standings(customers: Iterable[Customer]) -> Callable[[Customer], Standing | None]:
    """Gives the standing of each of these customers, whose consultants are loaded: one query, whatever their number."""
    today, clocks = current.today(), rule_book.clocks_of(db.session, current.rules(), customers)

    def standing_of(customer: Customer) -> Standing | None:
        clock = clocks.get(customer.id)
        return deadlines.standing(customer, clock, today=today) if clock is not None else None

    return standing_of
