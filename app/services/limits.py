"""How many customers a consultant may have, claim and keep: counted behind the lock on the consultant.

Whoever gives somebody a customer, or claims one, has locked that employee (`distributions.lock_holder`), so of a
hundred at once each counts what the one before it has done, and a limit of N ends in N.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, on_day
from app.models import Customer, Distribution, Employee
from app.models.choices import Origin
from app.services import pool, rule_book
from app.services.rules import ONE_DAY, PoolRules


def claims_of(session: Session, employee_id: int, today: dt.date) -> int:
    """How many customers a consultant has claimed on a day, whatever became of them."""
    return session.scalar(select(func.count()).select_from(Distribution).where(
        Distribution.consultant_id == employee_id, Distribution.started_on == today,
        Distribution.origin == Origin.CLAIM)) or 0


def room_from(session: Session, employee_id: int, rules: PoolRules, today: dt.date) -> dt.date | None:
    """The day on which a consultant could hold one more customer if he did nothing; None if he could today.

    It is the day on which enough of those he holds will have fallen.
    """
    if not rules.holding_limit:
        return None
    too_many = pool.number_held(session, employee_id, today=today) - rules.holding_limit
    if too_many < 0:
        return None
    return session.scalar(select(Customer.public_on).where(Customer.consultant_id == employee_id, pool.is_held(today))
                          .order_by(Customer.public_on, Customer.id).offset(too_many).limit(1))


def claims_from(session: Session, employee_id: int, rules: PoolRules, today: dt.date) -> dt.date | None:
    """The day on which a consultant may claim again; None if he may today."""
    used_up = rules.daily_claim_limit and claims_of(session, employee_id, today) >= rules.daily_claim_limit
    return today + ONE_DAY if used_up else None


def room(session: Session, employee_ids: Collection[int], today: dt.date) -> dict[int, int]:
    """How many more each of these could hold, of those who have a limit: three queries at most."""
    book = rule_book.load(session)
    if not book.limits_holding:
        return {}
    limit = {employee_id: book.of(code).holding_limit for employee_id, code in session.execute(
        select(Employee.id, Employee.department_code).where(Employee.id.in_(employee_ids)))}
    limited = [employee_id for employee_id, most in limit.items() if most]
    held = pool.numbers_held(session, today=today, of=limited)
    return {employee_id: limit[employee_id] - held.get(employee_id, 0) for employee_id in limited}


def full(session: Session, employee_ids: Collection[int], today: dt.date) -> set[int]:
    """Who of these is at his holding limit."""
    return {employee_id for employee_id, left in room(session, employee_ids, today).items() if left <= 0}


def check_room(session: Session, consultant: Employee, rules: PoolRules, *, today: dt.date) -> None:
    """Whether a locked consultant may hold one more customer by the rules of his department.

    Raises:
        ConflictError: he is at his limit; it says from when on he will not be.
    """
    day = room_from(session, consultant.id, rules, today)
    if day is not None:
        raise ConflictError(_l("%(name)s holds as many customers as he may (%(limit)d): there is room again on "
                               "%(day)s, or as soon as one enrols or is released.", name=consultant.name,
                               limit=rules.holding_limit, day=on_day(day)), field="consultant")


def has_room(session: Session, consultant: Employee, *, today: dt.date) -> bool:
    """Whether a locked consultant may hold one more customer."""
    return room_from(session, consultant.id, rule_book.rules_of(session, consultant), today) is None


def check_lock(session: Session, consultant: Employee, customer: Customer, until: dt.date, *, today: dt.date) -> None:
    """Whether a consultant may keep a customer from falling until a day; the consultant is locked.

    Raises:
        ConflictError: nobody may here, not for so long, or he keeps as many as he may; with the day from which on.
    """
    rules = rule_book.rules_of(session, consultant)
    if not rules.lock_limit:
        raise ConflictError(_l("Customers cannot be locked here: the rules allow it to nobody."), field="until")
    if until > today + rules.lock_days * ONE_DAY:
        raise ConflictError(_l("A lock lasts %(days)d days at most.", days=rules.lock_days), field="until")
    ends = [each for each in session.scalars(select(Customer.locked_until).where(
        Customer.consultant_id == consultant.id, Customer.id != customer.id, Customer.locked_until >= today,
        pool.is_held(today)).order_by(Customer.locked_until)) if each is not None]
    too_many = len(ends) - rules.lock_limit
    if too_many >= 0:
        raise ConflictError(_l("%(name)s keeps as many customers locked as he may (%(limit)d): one more is possible "
                               "from %(day)s on, or as soon as one is unlocked.", name=consultant.name,
                               limit=rules.lock_limit, day=on_day(ends[too_many] + ONE_DAY)), field="until")
