"""The ledger of automatic assignment: who got which lead and why, and whether everyone gets his share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.models import AssignmentEntry, AssignmentRound, Customer, Employee, SalesRank
from app.models.choices import Absence


@dataclass(frozen=True)
class LedgerPage:
    """Some lines of the ledger, newest first; `before` begins the next page, None on the last."""

    entries: list[AssignmentEntry]
    before: int | None


def page(session: Session, *, consultant_id: int | None = None, before: int | None = None,
         size: int = 50) -> LedgerPage:
    """A page of the ledger.

    Args:
        consultant_id: only what this consultant got.
        before: only lines with a lower number.
    """
    query = (select(AssignmentEntry).order_by(AssignmentEntry.id.desc()).limit(size + 1)
             .options(joinedload(AssignmentEntry.customer).joinedload(Customer.consultant),
                      joinedload(AssignmentEntry.consultant), joinedload(AssignmentEntry.round)))
    if consultant_id is not None:
        query = query.where(AssignmentEntry.consultant_id == consultant_id)
    if before is not None:
        query = query.where(AssignmentEntry.id < before)
    found = list(session.scalars(query))
    shown = found[:size]
    return LedgerPage(shown, shown[-1].id if len(found) > size else None)


def of_customer(session: Session, customer_id: int) -> list[AssignmentEntry]:
    """Every line about a customer, in order."""
    return list(session.scalars(select(AssignmentEntry).where(AssignmentEntry.customer_id == customer_id)
                                .order_by(AssignmentEntry.id).options(joinedload(AssignmentEntry.round))))


@dataclass(frozen=True)
class Skipped:
    """Somebody who was passed over for a lead."""

    name: str
    reason: Absence


def skipped(session: Session, entries: Iterable[AssignmentEntry]) -> dict[int, list[Skipped]]:
    """By line, who was passed over and why, each once: one query."""
    told = {entry.id: {(each["consultant_id"], each["reason"]): None for each in entry.passed_over}
            for entry in entries}
    known = names(session, {consultant_id for each in told.values() for consultant_id, _reason in each})
    return {entry_id: [Skipped(known.get(consultant_id, f"#{consultant_id}"), Absence(reason))
                       for consultant_id, reason in each] for entry_id, each in told.items()}


def names(session: Session, employee_ids: Iterable[int]) -> dict[int, str]:
    """The names of employees by id."""
    ids = set(employee_ids)
    if not ids:
        return {}
    return {employee_id: name for employee_id, name in session.execute(
        select(Employee.id, Employee.name).where(Employee.id.in_(ids)))}


def present_round(session: Session) -> AssignmentRound | None:
    """The round that runs or has ended last; None if none has started yet."""
    return session.scalar(select(AssignmentRound).where(AssignmentRound.id > 0)
                          .order_by(AssignmentRound.id.desc()).limit(1))


@dataclass(frozen=True)
class Share:
    """What a consultant with a rank got, beside what his slots would have given him of all that was dealt out."""

    rank: SalesRank
    received: int
    due: float


def shares(session: Session, *, since: dt.datetime) -> list[Share]:
    """Everyone with a rank in the order of a pass, with the leads dealt out since an instant: two queries."""
    received: dict[int | None, int] = {consultant_id: number for consultant_id, number in session.execute(
        select(AssignmentEntry.consultant_id, func.count())
        .where(AssignmentEntry.at >= since, AssignmentEntry.consultant_id.is_not(None))
        .group_by(AssignmentEntry.consultant_id))}
    ranks = list(session.scalars(select(SalesRank).order_by(SalesRank.weight.desc(), SalesRank.consultant_id)
                                 .options(joinedload(SalesRank.consultant))))
    total, slots = sum(received.values()), sum(rank.num for rank in ranks)
    return [Share(rank, received.get(rank.consultant_id, 0), total * rank.num / slots if slots else 0.0)
            for rank in ranks]
