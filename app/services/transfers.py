"""Moving many customers: a transfer or release of several, and the hand-over of somebody who leaves.

An order is written down first, with a line for each customer: from whom, to whom. Then it is carried out in batches,
each one transaction that moves the customers, says so in their lines and tells the consultants. So an order that was
interrupted anywhere goes on where it stopped and ends as if nothing had been, and what is refused for one customer
stops no other.

Locks are taken in this order: order, roles, employees by number, customers by number, distributions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, case, func, insert, or_, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotAllowedError, NotFoundError
from app.models import Customer, Employee, Transfer, TransferLine
from app.models.choices import CustomerStatus, LeaverLogin, LineState, RowScope, TransferKind
from app.permissions import Permission, can, scope_of_all
from app.services import customers, employees, hands, pool, roles
from app.services.hands import Moved

BATCH = 100
"""So many customers are moved in one transaction."""

MOST = 50_000
"""So many customers can be moved by one order."""

LONGEST_REASON = 256

_LINES = cast(Table, TransferLine.__table__)


# --- whose there are --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """How many of some customers are one consultant's, or nobody's.

    Args:
        held: with him, on the clock.
        falling: those of them who fall next.
        public: in the pool, his before.
        enrolled: with him, outside the clock.
    """

    consultant: Employee | None
    held: int = 0
    falling: int = 0
    public: int = 0
    enrolled: int = 0


def shares(session: Session, condition: ColumnElement[bool], *, today: dt.date, soon: int = 0) -> list[Share]:
    """Whose the customers are whom a condition finds, those with the most first: two queries.

    Args:
        soon: within so many days one falls next.
    """
    parts = (pool.is_held(today), pool.about_to_fall(today, soon), pool.is_public(today),
             Customer.status == CustomerStatus.ENROLLED)
    counted = {consultant_id: numbers for consultant_id, *numbers in session.execute(
        select(Customer.consultant_id, *(func.sum(case((part, 1), else_=0)) for part in parts))
        .where(condition).group_by(Customer.consultant_id))}
    people = {each.id: each for each in session.scalars(
        select(Employee).where(Employee.id.in_(each for each in counted if each is not None)))}
    found = [Share(people[consultant_id] if consultant_id else None, *numbers)
             for consultant_id, numbers in counted.items()]
    return sorted(found, key=lambda share: (-share.held, -share.public, -share.enrolled, _number(share)))


def _number(share: Share) -> int:
    return share.consultant.id if share.consultant else 0


def token(found: Iterable[Share]) -> str:
    """What somebody was shown, in short: if it is another when it is to be done, he is asked again."""
    return ",".join(f"{_number(share)}.{share.held}.{share.public}.{share.enrolled}" for share in found)


def with_employee(employee_id: int, today: dt.date) -> ColumnElement[bool]:
    """Everybody who is with an employee: held by him, or enrolled with him."""
    return pool.belongs_to(employee_id, today)


def with_somebody(today: dt.date, department: int | None = None) -> ColumnElement[bool]:
    """Everybody who is with an employee, or with one of the department of this code."""
    if department is not None:
        return pool.belongs_to_department(department, today)
    return or_(pool.is_held(today), Customer.status == CustomerStatus.ENROLLED)


# --- the order --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What is to be done with customers.

    Args:
        recipients: the consultants among whom they are spread evenly; of a release, those who get the enrolled ones.
        release: customers on the clock go into the pool.
        leaver: whose customers they are, if it is a hand-over: all who are with him.
        deactivates: the leaver's login ends when none of them is left with him.
    """

    recipients: tuple[int, ...] = ()
    release: bool = False
    leaver: Employee | None = None
    deactivates: bool = False

    @property
    def kind(self) -> TransferKind:
        if self.leaver is not None:
            return TransferKind.HAND_OVER
        return TransferKind.RELEASE if self.release else TransferKind.TRANSFER

    def number(self, found: Iterable[Share]) -> int:
        """How many of the customers are moved."""
        enrolled = self.leaver is not None and bool(self.recipients)
        return sum(share.held + (0 if self.release else share.public) + (share.enrolled if enrolled else 0)
                   for share in found)


def order(session: Session, by: Employee, condition: ColumnElement[bool], plan: Plan, *, today: dt.date,
          now: dt.datetime) -> Transfer:
    """Write down what is to be done with the customers whom a condition finds; the caller commits.

    Raises:
        DomainError: nobody was chosen to get them; with the field.
        NotFoundError: a recipient is not there.
        ConflictError: a recipient cannot hold customers; or there is nobody to move, or too many.
    """
    _check_recipients(session, plan)
    transfer = Transfer(employee_id=by.id, kind=plan.kind, releases=plan.release, recipients=list(plan.recipients),
                        leaver_id=plan.leaver.id if plan.leaver else None, created_at=now,
                        login=LeaverLogin.ENDS if plan.deactivates else LeaverLogin.STAYS)
    session.add(transfer)
    session.flush()
    if not _write_lines(session, transfer, condition, today) and not plan.deactivates:
        raise ConflictError(_l("None of these customers can be moved."))
    return transfer


def _check_recipients(session: Session, plan: Plan) -> None:
    if not plan.recipients and not plan.release:
        raise DomainError(_l("Choose who gets the customers."), field="consultant_id")
    found = {each.id: each for each in session.scalars(select(Employee).where(Employee.id.in_(plan.recipients)))}
    for employee_id in plan.recipients:
        if employee_id not in found:
            raise NotFoundError(_l("There is no such employee."), field="consultant_id")
        if not found[employee_id].can_hold_customers or found[employee_id] is plan.leaver:
            raise ConflictError(_l("Only active employees of a sales department can hold customers."),
                                field="consultant_id")


def _write_lines(session: Session, transfer: Transfer, condition: ColumnElement[bool], today: dt.date) -> int:
    """A line for each of the customers who can be moved as the order says and has none yet; the number of lines."""
    known = select(TransferLine.customer_id).where(TransferLine.transfer_id == transfer.id)
    rows = session.execute(
        select(Customer.id, Customer.consultant_id, Customer.status).where(
            condition, _movable(transfer, today), Customer.id.not_in(known))
        .order_by(Customer.id).limit(MOST + 1)).all()
    if len(rows) > MOST:
        raise ConflictError(_l("At most %(most)d customers can be moved at once: narrow the list with filters first.",
                               most=MOST))
    to_pool = {row.id for row in rows if transfer.releases and row.status != CustomerStatus.ENROLLED}
    recipients = _dealt(((row.id, row.consultant_id) for row in rows if row.id not in to_pool),
                        _given(session, transfer))
    if rows:
        session.execute(insert(_LINES), [
            {"transfer_id": transfer.id, "customer_id": row.id, "former_id": row.consultant_id,
             "recipient_id": recipients.get(row.id), "state": LineState.WAITING} for row in rows])
    return len(rows)


def _movable(transfer: Transfer, today: dt.date) -> ColumnElement[bool]:
    """Who is moved at all: enrolled ones only in a hand-over, and if there is somebody to get them."""
    held, enrolled = pool.is_held(today), Customer.status == CustomerStatus.ENROLLED
    if transfer.kind is TransferKind.HAND_OVER:
        return or_(held, enrolled) if transfer.recipients else held
    return held if transfer.releases else or_(held, pool.is_public(today))


def _given(session: Session, transfer: Transfer) -> dict[int, int]:
    """How many of the order's lines each recipient has."""
    counted = {employee_id: number for employee_id, number in session.execute(
        select(TransferLine.recipient_id, func.count()).where(TransferLine.transfer_id == transfer.id)
        .group_by(TransferLine.recipient_id))}
    return {employee_id: counted.get(employee_id, 0) for employee_id in transfer.recipients}


def _dealt(rows: Iterable[tuple[int, int | None]], given: dict[int, int]) -> dict[int, int]:
    """Whom each customer goes to: whoever has got the fewest so far and does not have him already."""
    dealt: dict[int, int] = {}
    for customer_id, consultant_id in rows:
        others = [each for each in given if each != consultant_id] or list(given)
        dealt[customer_id] = min(others, key=given.__getitem__)
        given[dealt[customer_id]] += 1
    return dealt


# --- carrying it out --------------------------------------------------------------------------------------------------


def carry_out(session: Session, transfer_id: int, *, today: Callable[[], dt.date], now: Callable[[], dt.datetime],
              on_batch: Callable[[int, int], None], batch: int = BATCH) -> None:
    """Do what is left of an order; one that is over stays as it is. Several may do so at once.

    Args:
        today, now: asked for each batch.
        on_batch: called after each batch with the customers done and those there are; the caller commits there.
        batch: how many customers are moved in one transaction.

    Raises:
        NotAllowedError: whoever ordered it may not do this any more.
    """
    over = False
    while not over:
        over = _carry_out_batch(session, transfer_id, batch, today(), now())
        on_batch(*progress(session, transfer_id))


def progress(session: Session, transfer_id: int) -> tuple[int, int]:
    """How many customers of an order are done, and how many there are."""
    counted = states(session, transfer_id)
    return sum(counted.values()) - counted.get(LineState.WAITING, 0), sum(counted.values())


def states(session: Session, transfer_id: int) -> dict[LineState, int]:
    """How many customers of an order are in which state."""
    return {state: number for state, number in session.execute(
        select(TransferLine.state, func.count()).where(TransferLine.transfer_id == transfer_id)
        .group_by(TransferLine.state))}


def _carry_out_batch(session: Session, transfer_id: int, batch: int, today: dt.date, now: dt.datetime) -> bool:
    """Move the next customers; True if the order is over then."""
    session.execute(select(Transfer.id).where(Transfer.id == transfer_id).with_for_update())
    transfer = session.get_one(Transfer, transfer_id, populate_existing=True)
    if transfer.is_over:
        return True
    _check_may(transfer)
    lines = _waiting(session, transfer, batch + 1)
    if len(lines) <= batch and transfer.login is LeaverLogin.ENDS:
        roles.lock(session)
        _lock_employees(session, {transfer.leaver_id, *transfer.recipients})
        # He gets nobody any more; whom he got since it was ordered goes the same way.
        _write_lines(session, transfer, with_employee(transfer.leaver_id or 0, today), today)
        lines = _waiting(session, transfer, batch + 1)
    else:
        _lock_employees(session, {transfer.leaver_id, *(line.recipient_id for line in lines[:batch])})
    there = _lock_customers(session, [line.customer_id for line in lines[:batch]])
    moved = [each for line in lines[:batch] if line.customer_id in there  # one who was deleted took his line along
             and (each := _carry_out_line(session, transfer, line, today, now)) is not None]
    _tell(session, transfer, moved, now)
    if len(lines) > batch:
        return False
    if transfer.login is LeaverLogin.ENDS:
        transfer.login = _end_login(session, transfer, today, now)
    transfer.ended_at = now
    session.flush()
    return True


def _waiting(session: Session, transfer: Transfer, most: int) -> list[TransferLine]:
    return list(session.scalars(
        select(TransferLine).where(TransferLine.transfer_id == transfer.id, TransferLine.state == LineState.WAITING)
        .order_by(TransferLine.customer_id).limit(most).execution_options(populate_existing=True)))


def _lock_employees(session: Session, ids: Iterable[int | None]) -> None:
    session.execute(select(Employee.id).where(Employee.id.in_({each for each in ids if each is not None}))
                    .order_by(Employee.id).with_for_update(key_share=True))


def _lock_customers(session: Session, ids: Iterable[int]) -> set[int]:
    """Those who are there, locked until the transaction ends."""
    return set(session.scalars(select(Customer.id).where(Customer.id.in_(ids)).order_by(Customer.id)
                               .with_for_update(key_share=True)))


def _carry_out_line(session: Session, transfer: Transfer, line: TransferLine, today: dt.date,
                    now: dt.datetime) -> Moved | None:
    """Move one customer, or note why not, which gives None; what was begun with him is then undone."""
    try:
        with session.begin_nested():
            loser_id = _move(session, transfer, line, today, now)
        line.state = LineState.MOVED
    except DomainError as error:
        line.state, line.reason = LineState.REFUSED, str(error)[:LONGEST_REASON]
        return None
    return Moved(line.customer_id, loser_id, line.recipient_id)


def _move(session: Session, transfer: Transfer, line: TransferLine, today: dt.date, now: dt.datetime) -> int | None:
    """Move one customer; who loses him by that, for whom he was in the pool he had lost already."""
    customer = session.get_one(Customer, line.customer_id, populate_existing=True)
    if customer.consultant_id != line.former_id:
        raise ConflictError(_l("%(name)s has changed hands meanwhile.", name=customer.name))
    if not _reaches(transfer.employee, _permission(line.recipient_id), customer, today):
        raise ConflictError(_l("%(name)s is not within your reach any more.", name=customer.name))
    loser_id = None if customer.is_public(today) else line.former_id
    if line.recipient_id is None:
        customers.release(session, customer.id, today=today, now=now, tell=False)
    elif transfer.leaver_id is not None:
        customers.hand_over(session, customer.id, transfer.leaver_id, line.recipient_id, today=today, now=now)
    else:
        customers.assign(session, customer.id, line.recipient_id, today=today, now=now, tell=False)
    return loser_id


def _tell(session: Session, transfer: Transfer, moved: list[Moved], now: dt.datetime) -> None:
    """Tell those who got and lost customers by a batch, by how many they get and lose by the whole order."""
    planned = {(former_id, recipient_id): number for former_id, recipient_id, number in session.execute(
        select(TransferLine.former_id, TransferLine.recipient_id, func.count())
        .where(TransferLine.transfer_id == transfer.id, TransferLine.state != LineState.REFUSED)
        .group_by(TransferLine.former_id, TransferLine.recipient_id))} if moved else {}
    hands.moved(session, hands.Order(transfer.id, transfer.employee_id, planned), moved, now=now)


def _permission(recipient_id: int | None) -> Permission:
    return Permission.CUSTOMER_RELEASE if recipient_id is None else Permission.CUSTOMER_ASSIGN


def _reaches(actor: Employee, permission: Permission, customer: Customer, today: dt.date) -> bool:
    scope = scope_of_all(actor, Permission.CUSTOMER_READ, permission)
    if scope is RowScope.DEPARTMENT:
        return customer.belongs_to_department(actor.department_code, today)
    return scope is RowScope.ALL or (scope is RowScope.OWN and customer.belongs_to(actor.id, today))


def _check_may(transfer: Transfer) -> None:
    needed = {Permission.CUSTOMER_RELEASE} if transfer.releases else set()
    needed |= {Permission.CUSTOMER_ASSIGN} if transfer.recipients else set()
    if scope_of_all(transfer.employee, Permission.CUSTOMER_READ, *needed) is None:
        raise NotAllowedError(_l("You may not do this any more."))


def _end_login(session: Session, transfer: Transfer, today: dt.date, now: dt.datetime) -> LeaverLogin:
    """Deactivate the leaver, whose row is locked, if none is left with him; what has become of his login."""
    actor, leaver = transfer.employee, transfer.leaver
    if leaver is None or not can(actor, Permission.EMPLOYEE_WRITE):
        return LeaverLogin.REFUSED
    try:
        with session.begin_nested():
            employees.deactivate(session, actor, leaver, today=today, now=now)
    except employees.StillHoldsError:
        return LeaverLogin.HOLDS
    except DomainError:
        return LeaverLogin.REFUSED
    return LeaverLogin.ENDED


# --- what has become of it --------------------------------------------------------------------------------------------


def recent(session: Session, *, by: int | None = None, size: int = 30) -> list[Transfer]:
    """The last orders, newest first.

    Args:
        by: only those of one employee.
    """
    query = select(Transfer).order_by(Transfer.id.desc()).limit(size)
    return list(session.scalars(query if by is None else query.where(Transfer.employee_id == by)))


def of_tasks(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """The orders that background tasks carry out, by the tasks."""
    return {task_id: transfer_id for task_id, transfer_id in session.execute(
        select(Transfer.task_id, Transfer.id).where(Transfer.task_id.in_(list(ids)))) if task_id is not None}


def totals(session: Session, ids: Iterable[int]) -> dict[int, dict[LineState, int]]:
    """How many customers of each of some orders are in which state."""
    found: dict[int, dict[LineState, int]] = {}
    for transfer_id, state, number in session.execute(
            select(TransferLine.transfer_id, TransferLine.state, func.count())
            .where(TransferLine.transfer_id.in_(list(ids))).group_by(TransferLine.transfer_id, TransferLine.state)):
        found.setdefault(transfer_id, {})[state] = number
    return found


def received(session: Session, transfer_id: int) -> list[tuple[Employee | None, int]]:
    """Who has got how many by an order so far, the most first; None is the pool."""
    number = func.count()
    rows = session.execute(
        select(TransferLine.recipient_id, number).where(
            TransferLine.transfer_id == transfer_id, TransferLine.state == LineState.MOVED)
        .group_by(TransferLine.recipient_id).order_by(number.desc(), TransferLine.recipient_id)).all()
    people = {each.id: each for each in session.scalars(
        select(Employee).where(Employee.id.in_([row[0] for row in rows if row[0]])))}
    return [(people.get(employee_id or 0), moved) for employee_id, moved in rows]
