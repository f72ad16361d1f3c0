"""Gain and loss: what consultants are told when customers come to them and leave them, by what was done or not done.

Nobody is told of what he does himself.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Distribution, Notice
from app.models.choices import DistributionStatus, NoticeKind, Origin
from app.services import audit, notices
from app.services.notices import News

FELL = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)


class Closed(NamedTuple):
    """A holding that has ended."""

    row_id: int
    customer_id: int
    consultant_id: int
    status: DistributionStatus
    ended_on: dt.date | None


def gained(session: Session, row: Distribution, *, now: dt.datetime, turn: bool = False) -> None:
    """Tell a consultant of a holding that has begun, unless he began it himself.

    Args:
        turn: he got the customer because it was his turn, and from nobody.
    """
    by = audit.actor_of(session).employee_id
    if by == row.consultant_id or row.origin is Origin.CLAIM:
        return
    details = {"origin": row.origin.value} | ({"turn": 1} if turn else {"by_id": by})
    notices.give(session, [News(row.consultant_id, NoticeKind.GAINED, f"gained/{row.id}", row.customer_id, details)],
                 now=now)


def lost(session: Session, closed: Closed, *, to_id: int | None = None, now: dt.datetime) -> None:
    """Tell a consultant of a holding that has ended, unless he won the customer or ended it himself.

    Args:
        to_id: who has the customer now, if he was given to somebody.
    """
    by = audit.actor_of(session).employee_id
    if by != closed.consultant_id and closed.status is not DistributionStatus.ENROLLED:
        again = f"/{now.isoformat()}" if closed.status is DistributionStatus.MERGED else ""  # a merge may be undone
        notices.give(session, [_loss(closed, again, by_id=by, to_id=to_id)], now=now)


def _loss(closed: Closed, again: str = "", *, by_id: int | None = None, to_id: int | None = None) -> News:
    details: dict[str, str | int | None] = {"as": closed.status.value}
    if closed.status in FELL:
        details["public_on"] = closed.ended_on.isoformat() if closed.ended_on else None
    else:
        details |= {"by_id": by_id, "to_id": to_id}
    key = f"lost/{closed.row_id}/{closed.status.value}{again}"
    return News(closed.consultant_id, NoticeKind.LOST, key, closed.customer_id, details)


def regained(session: Session, row: Distribution, merge_id: int, *, now: dt.datetime) -> None:
    """Tell a consultant of a holding that goes on because a merge was undone, unless he undid it himself."""
    _of_undone_merge(session, NoticeKind.GAINED, row.consultant_id, row.customer_id, merge_id, now=now)


def parted(session: Session, customer_id: int, consultant_id: int, merge_id: int, *, now: dt.datetime) -> None:
    """Tell a consultant of a customer he had only by a merge that was undone, unless he undid it himself."""
    _of_undone_merge(session, NoticeKind.LOST, consultant_id, customer_id, merge_id, now=now)


def _of_undone_merge(session: Session, kind: NoticeKind, consultant_id: int, customer_id: int, merge_id: int, *,
                     now: dt.datetime) -> None:
    by = audit.actor_of(session).employee_id
    if by != consultant_id:
        key = f"{kind}/merge/{merge_id}/{consultant_id}/{customer_id}"
        notices.give(session, [News(consultant_id, kind, key, customer_id, {"merge_undone": 1, "by_id": by})], now=now)


# --- the night --------------------------------------------------------------------------------------------------------


def losing_many(session: Session, as_of: dt.date, awaiting: dict[int, int]) -> set[int]:
    """Who loses more than a handful to a night, and is told so in one sentence.

    Args:
        awaiting: how many holdings of each consultant are still to be closed; one who was told before a run of this
            night died is told in the same sentence.
    """
    told = set(session.scalars(select(Notice.employee_id).where(
        Notice.key.in_([_of_night(as_of, employee_id) for employee_id in awaiting]))))
    return told | {employee_id for employee_id, number in awaiting.items() if number > notices.HANDFUL}


def lost_to_the_night(session: Session, as_of: dt.date, closed: Iterable[Closed], many: Collection[int], *,
                      now: dt.datetime) -> None:
    """Tell consultants whom they have lost to a night, batch by batch, in the transaction that closes the holdings.

    Args:
        many: who is told a number instead; see `losing_many`.
    """
    of: dict[int, Counter[DistributionStatus]] = defaultdict(Counter)
    one_by_one = []
    for each in closed:
        if each.consultant_id in many:
            of[each.consultant_id][each.status] += 1
        else:
            one_by_one.append(_loss(each))
    notices.give(session, one_by_one, now=now)
    notices.add_up(session, [
        News(employee_id, NoticeKind.LOST, _of_night(as_of, employee_id), details={
            "number": counted.total(), "no_follow_up_number": counted[DistributionStatus.NO_FOLLOW_UP],
            "no_deal_number": counted[DistributionStatus.NO_DEAL]})
        for employee_id, counted in of.items()], now=now)


def _of_night(as_of: dt.date, employee_id: int) -> str:
    return f"lost/night/{as_of.isoformat()}/{employee_id}"


# --- orders -----------------------------------------------------------------------------------------------------------


class Moved(NamedTuple):
    """A customer whom an order has moved.

    Args:
        loser_id: who had him until then, if anybody.
        recipient_id: who has him now; None is the pool.
    """

    customer_id: int
    loser_id: int | None
    recipient_id: int | None


@dataclass(frozen=True)
class Order:
    """An order to move customers: whose it is, and how many it moves from whom to whom."""

    number: int
    by_id: int
    planned: Mapping[tuple[int | None, int | None], int]

    def many(self, side: int, employee_id: int) -> bool:
        """Whether somebody gets (side 1) or loses (side 0) more than a handful by it."""
        return sum(number for pair, number in self.planned.items() if pair[side] == employee_id) > notices.HANDFUL

    def others(self, side: int, employee_id: int) -> set[int | None]:
        """From whom they come whom he gets, to whom they go whom he loses; None is the pool."""
        return {pair[1 - side] for pair in self.planned if pair[side] == employee_id}


def moved(session: Session, order: Order, batch: Iterable[Moved], *, now: dt.datetime) -> None:
    """Tell consultants whom they got and lost by an order, batch by batch, in the transaction that moves them.

    Who gets or loses more than a handful by the whole order is told their number, which grows with each batch.
    """
    one_by_one: list[News] = []
    many: dict[tuple[int, int], list[Moved]] = defaultdict(list)
    for each in batch:
        for side, employee_id in enumerate((each.loser_id, each.recipient_id)):
            if employee_id is None or employee_id == order.by_id:
                continue
            if order.many(side, employee_id):
                many[side, employee_id].append(each)
            else:
                one_by_one.append(_by_order(order, side, employee_id, {each[2 - side]}, each.customer_id))
    notices.give(session, one_by_one, now=now)
    notices.add_up(session, [_sum(order, side, employee_id, part) for (side, employee_id), part in many.items()],
                   now=now)


def _sum(order: Order, side: int, employee_id: int, part: list[Moved]) -> News:
    """The number of one person; who was in the pool comes from nobody, whoever had him before."""
    others = order.others(side, employee_id)
    if side == 1 and any(each.loser_id is None for each in part):
        others = {None}
    news = _by_order(order, side, employee_id, others)
    return replace(news, details={**news.details, "number": len(part)})


_KINDS = (NoticeKind.LOST, NoticeKind.GAINED)


def _by_order(order: Order, side: int, employee_id: int, others: set[int | None],
              customer_id: int | None = None) -> News:
    other = next(iter(others)) if len(others) == 1 else None
    details: dict[str, str | int | None] = {"by_id": order.by_id}
    if side == 1:
        origin = Origin.ASSIGNMENT if others == {None} else Origin.TRANSFER
        details |= {"origin": origin.value, "from_id": other}
    else:
        released = others == {None}
        status = DistributionStatus.RELEASED if released else DistributionStatus.TRANSFERRED
        details |= {"as": status.value, "to_id": other}
    whom = "" if customer_id is None else f"/{customer_id}"
    return News(employee_id, _KINDS[side], f"{_KINDS[side]}/order/{order.number}/{employee_id}{whom}", customer_id,
                details)
