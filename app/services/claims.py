"""Claim: a consultant takes a customer out of the Public Pool, and exactly one wins however many click."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Self

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from app.models import Customer, Distribution, Employee
from app.models.audit import PersonKind
from app.models.choices import DistributionStatus, Origin
from app.services import audit, audit_capture, distributions, limits, pool, rule_book
from app.services.audit import AUDITED
from app.services.rule_book import RuleBook
from app.services.rules import ONE_DAY, PoolRules


class Refusal(enum.Enum):
    """Why a claim was refused: the code programs read and the sentence people read."""

    sentence: LazyString

    def __new__(cls, code: str, sentence: LazyString = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.sentence = sentence
        return member

    TAKEN = "taken", _l("Already being followed up")
    NOT_PUBLIC = "not_public", _l("Not in the Public Pool")
    FORMER_CONSULTANT = "former_consultant", _l("You were the last to have this customer: someone else must try first")
    COOL_DOWN = "cool_down", _l("You were the last to have this customer")
    HOLDING_LIMIT = "holding_limit", _l("You hold as many customers as you may")
    DAILY_LIMIT = "daily_limit", _l("You have claimed as many customers today as you may")
    NOT_FOUND = "not_found", _l("There is no such customer")


@dataclass(frozen=True)
class Claim:
    """How a claim of one customer ended: won, or lost with the reason.

    Args:
        holder: who has him, if he is taken.
        possible_on: the day from which on the claimant may have him, or another, if a limit or a cool-down is why.
    """

    customer_id: int
    refusal: Refusal | None = None
    holder: Employee | None = None
    possible_on: dt.date | None = None

    @property
    def won(self) -> bool:
        return self.refusal is None


_TRIES = 5


def claim(session: Session, customer_id: int, claimant_id: int, *, today: dt.date, now: dt.datetime) -> Claim:
    """Claim one customer; the caller commits, one transaction for each customer.

    One conditional UPDATE repeats the whole predicate of the pool, the former consultant and all, and its row count
    says who won: a second claimant waits for the first one's row lock, finds the predicate false and changes nothing.
    So it holds at READ COMMITTED on PostgreSQL and under BEGIN IMMEDIATE on SQLite. The UPDATE also repeats the fall
    it read just before, because that is what the former holding is closed with; should the customer have fallen anew
    in between, it reads again.

    Raises:
        ConflictError: the claimant cannot hold customers.
    """
    claimant = distributions.lock_holder(session, claimant_id)
    rule_book.lock(session)
    book = rule_book.load(session)
    rules = book.of(claimant.department_code)
    for _ in range(_TRIES):
        customer = session.get(Customer, customer_id, populate_existing=True)
        if customer is None or customer.erased_on is not None:
            return Claim(customer_id, Refusal.NOT_FOUND)
        refused = _refused(customer, claimant, rules, today) or _limited(session, customer, claimant, rules, today)
        if refused is not None:
            return refused
        public_on, public_as = customer.public_on, customer.public_as
        if _take(session, customer, claimant, book, today):
            distributions.close_as_the_night(session, customer_id, public_on=public_on, public_as=public_as, now=now)
            session.add(Distribution(consultant_id=claimant.id, customer_id=customer_id, started_on=today,
                                     status=DistributionStatus.FOLLOWING, origin=Origin.CLAIM, created_at=now))
            session.flush()
            return Claim(customer_id)
    return Claim(customer_id, Refusal.TAKEN)


def _take(session: Session, customer: Customer, claimant: Employee, book: RuleBook, today: dt.date) -> bool:
    """The conditional UPDATE; True if this claimant won."""
    end = rule_book.clock_of(session, customer, claimant, book).fall(today, today)
    cool_down_days = book.of(claimant.department_code).cool_down_days
    taken = {"consultant_id": claimant.id, "recv_date": today, "last_consult_date": today, "locked_until": None,
             "public_on": end.public_on, "public_as": end.public_as}
    before = {name: getattr(customer, name) for name in taken}
    customer_id = customer.id
    result = session.execute(
        update(Customer)
        .where(Customer.id == customer.id,
               pool.claimable_by(claimant.id, today, cool_down_days=cool_down_days),
               Customer.public_on == customer.public_on, Customer.public_as.is_not_distinct_from(customer.public_as))
        .values(**taken)
        .execution_options(synchronize_session=False, **AUDITED))
    assert isinstance(result, CursorResult)
    session.expire(customer)
    if result.rowcount != 1:
        return False
    audit.changed(session, Customer, [
        (customer_id, (PersonKind.CUSTOMER, customer_id), audit_capture.differences(before, taken))])
    return True


def _refused(customer: Customer, claimant: Employee, rules: PoolRules, today: dt.date) -> Claim | None:
    """Why this person cannot claim the customer as he stands now; None if he can."""
    if customer.is_public(today) and customer.public_on is not None:
        if pool.is_open_to(customer, claimant.id, today, cool_down_days=rules.cool_down_days):
            return None
        if rules.cool_down_days:
            return Claim(customer.id, Refusal.COOL_DOWN,
                         possible_on=customer.public_on + rules.cool_down_days * ONE_DAY)
        return Claim(customer.id, Refusal.FORMER_CONSULTANT)
    if customer.is_enrolled or customer.consultant_id == claimant.id:
        return Claim(customer.id, Refusal.NOT_PUBLIC)
    return Claim(customer.id, Refusal.TAKEN, holder=customer.consultant)


def _limited(session: Session, customer: Customer, claimant: Employee, rules: PoolRules,
             today: dt.date) -> Claim | None:
    """Which limit the locked claimant has reached, and from when on he may claim again; None if none."""
    day = limits.claims_from(session, claimant.id, rules, today)
    if day is not None:
        return Claim(customer.id, Refusal.DAILY_LIMIT, possible_on=day)
    day = limits.room_from(session, claimant.id, rules, today)
    if day is not None:
        return Claim(customer.id, Refusal.HOLDING_LIMIT, possible_on=day)
    return None
