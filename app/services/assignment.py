"""Automatic assignment: a lead goes to whoever's turn it is, and the ledger says why he.

Whoever deals out a lead locks the present round first, before the consultant and the customer: so of any number at
the same moment each sees what the one before it has spent, and nobody's turn is skipped or comes twice. The round
moves, the holding begins and the ledger is written in one transaction: a lead that is refused spends nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from contextlib import suppress

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.models import AssignmentEntry, AssignmentRound, Customer, Department, Distribution, Employee, SalesRank
from app.models.choices import Absence, AssignmentStrategy, DepartmentFunction, DistributionStatus, Origin
from app.services import customers, distributions, hands, leaves, limits, pool, rule_book
from app.services.assignment_rounds import Dealing, Loads, Rank, Rounds, Turn, build, ordered


def enter(session: Session, customer: Customer, strategy: AssignmentStrategy, *, today: dt.date,
          now: dt.datetime) -> AssignmentEntry:
    """Take in a new lead for whoever's turn it is; if nobody is left it goes to the pool.

    Args:
        customer: not yet stored.

    Raises:
        DomainError: as `customers.enter`; nobody's turn is spent then.
    """
    turn = _deal(session, strategy, today=today, now=now)
    customers.enter(session, customer, holder_id=turn.consultant_id, origin=Origin.ASSIGNMENT, today=today, now=now,
                    tell=False)
    return _note(session, customer.id, turn, strategy, now)


def assign(session: Session, customer_id: int, strategy: AssignmentStrategy, *, today: dt.date,
           now: dt.datetime) -> AssignmentEntry:
    """Give a public customer to whoever's turn it is; if nobody is left he stays in the pool.

    Raises:
        ConflictError: he is not in the pool; nobody's turn is spent then, if the caller rolls back.
        NotFoundError: there is no such customer.
    """
    turn = _deal(session, strategy, today=today, now=now)
    customer = distributions.lock_customer(session, customer_id)
    if not customer.is_public(today):
        raise ConflictError(_l("%(name)s is not in the Public Pool.", name=customer.name))
    if turn.consultant_id is not None:
        customers.assign(session, customer_id, turn.consultant_id, today=today, now=now, tell=False)
    return _note(session, customer_id, turn, strategy, now)


def pause(session: Session, rank_id: int, *, paused: bool) -> SalesRank:
    """Pass a consultant over from the next lead on, or no longer.

    Raises:
        NotFoundError: there is no such rank.
    """
    rank = session.get(SalesRank, rank_id)
    if rank is None:
        raise NotFoundError(_l("This consultant has no rank any more."))
    rank.paused = paused
    return rank


def unavailable(session: Session, employee_ids: Collection[int], today: dt.date) -> dict[int, Absence]:
    """Who of these cannot be given a lead today, and why: five queries at most, whatever their number."""
    away, full = leaves.away(session, today), limits.full(session, employee_ids, today)
    known = {employee_id: (active, function, paused) for employee_id, active, function, paused in session.execute(
        select(Employee.id, Employee.active, Department.function, SalesRank.paused)
        .join(Employee.department).outerjoin(SalesRank, SalesRank.consultant_id == Employee.id)
        .where(Employee.id.in_(employee_ids)))}
    found = {}
    for employee_id in employee_ids:
        active, function, paused = known.get(employee_id, (False, None, None))
        if not active:
            found[employee_id] = Absence.LEFT
        elif function != DepartmentFunction.SALES:
            found[employee_id] = Absence.NOT_IN_SALES
        elif paused:
            found[employee_id] = Absence.PAUSED
        elif employee_id in away:
            found[employee_id] = Absence.ON_LEAVE
        elif employee_id in full:
            found[employee_id] = Absence.FULL
    return found


def dealing(session: Session, strategy: AssignmentStrategy, *, today: dt.date) -> Dealing:
    """How things stand, to look at."""
    return _dealing(session, strategy, _latest(session) or AssignmentRound(id=0, slots=[], position=0), today)


def _latest(session: Session, *, lock: bool = False) -> AssignmentRound | None:
    query = select(AssignmentRound).order_by(AssignmentRound.id.desc()).limit(1)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def _locked_round(session: Session, now: dt.datetime) -> AssignmentRound:
    """The present round, locked until the transaction ends.

    Whoever waited for the lock of a round may find that the next one has started meanwhile, and waits for that.
    """
    while True:
        latest = _latest(session, lock=True)
        if latest is None:
            with suppress(IntegrityError), session.begin_nested():  # somebody else may have begun
                session.add(AssignmentRound(id=0, slots=[], position=0, started_at=now))
        elif latest.id == session.scalar(select(func.max(AssignmentRound.id))):
            return latest


def _dealing(session: Session, strategy: AssignmentStrategy, latest: AssignmentRound, today: dt.date) -> Dealing:
    ranks = [Rank(*row) for row in session.execute(select(SalesRank.consultant_id, SalesRank.num, SalesRank.weight))]
    if strategy is AssignmentStrategy.ROUND:
        return Rounds(latest.id, tuple(latest.slots), latest.position, build(ranks))
    ids = [rank.consultant_id for rank in ordered(ranks)]
    held = pool.numbers_held(session, today=today, of=ids)
    return Loads({each: held.get(each, 0) for each in ids})


def _deal(session: Session, strategy: AssignmentStrategy, *, today: dt.date, now: dt.datetime) -> Turn:
    """Whose turn it is; he is locked, and his turn and those passed over are spent."""
    latest = _locked_round(session, now)
    dealing = _dealing(session, strategy, latest, today)
    absent = unavailable(session, dealing.people, today)
    while (turn := dealing.turn(absent)).consultant_id is not None:
        # He may leave, or get the last customer he may hold, until he is locked, and so are the rules of his limit.
        session.execute(select(Employee.id).where(Employee.id == turn.consultant_id).with_for_update(key_share=True))
        rule_book.lock(session)
        gone = unavailable(session, {turn.consultant_id}, today)
        if not gone:
            break
        absent |= gone
    _spend(session, latest, dealing.after(turn), now)
    return turn


def _spend(session: Session, latest: AssignmentRound, after: Dealing, now: dt.datetime) -> None:
    """Store how things stand; only rounds are stored."""
    if not isinstance(after, Rounds):
        return
    if after.number == latest.id:
        latest.position = after.position
        return
    latest.position = len(latest.slots)
    session.add(AssignmentRound(id=after.number, slots=list(after.slots), position=after.position, started_at=now))
    session.flush()


def _note(session: Session, customer_id: int, turn: Turn, strategy: AssignmentStrategy,
          now: dt.datetime) -> AssignmentEntry:
    """Write the line of the ledger, and tell whose turn it was."""
    holding = None if turn.consultant_id is None else session.scalars(select(Distribution).where(
        Distribution.customer_id == customer_id, Distribution.status == DistributionStatus.FOLLOWING)).one()
    if holding is not None:
        hands.gained(session, holding, now=now, turn=True)
    entry = AssignmentEntry(
        at=now, customer_id=customer_id, consultant_id=turn.consultant_id, strategy=strategy,
        distribution_id=holding.id if holding else None, round_id=turn.round, slot=turn.slot,
        open_customers=turn.open_customers,
        passed_over=[{"consultant_id": each.consultant_id, "reason": each.reason.value, "slot": each.slot}
                     for each in turn.passed_over])
    session.add(entry)
    session.flush()
    return entry
