"""Notices on their way out of the panel: planned, taken by a worker, and what came of it.

A message is a row. Notices are put into one, which is due at once, at the hour of a digest or at the end of quiet
hours; the key of a notice and a channel stands in one message only. A worker takes a message by an UPDATE that counts
the attempt and says when he is to be taken for dead, commits, asks the network, and notes the answer in a transaction
of its own, which names the attempt. So two workers never send the same message, and one that is killed while it sends
leaves a message that is sent once more, at the earliest when its lease is over: it cannot be known whether the other
side had it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import (
    DeliveredNotice,
    Employee,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    PersonKind,
    QuietHours,
)
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState
from app.services import audit, quiet

TOLD_WITHIN = dt.timedelta(days=2)
"""What nobody has sent by then is stale: it stands in the panel."""

LEASE = dt.timedelta(minutes=10)
"""After so long a worker that has not said what came of it is dead; far longer than any network is waited for."""

MOST_ATTEMPTS = 6
FIRST_PAUSE, FACTOR = dt.timedelta(minutes=2), 4
"""2, 8 and 32 minutes, 2 and 8½ hours are waited between the attempts."""

KEPT = dt.timedelta(days=90)
"""How long the log is kept."""

OPEN = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.RETRYING)


# --- planning ---------------------------------------------------------------------------------------------------------


def plan(session: Session, *, now: dt.datetime, clock: Clock, offered: Collection[DeliveryChannel],
         on_step: Callable[[], None]) -> None:
    """Put new notices into messages.

    Args:
        offered: the channels the school has.
        on_step: called after each person's channel; the caller commits there.
    """
    news = exists().where(Notice.employee_id == NoticeChannel.employee_id, *_untold(NoticeChannel.channel, now),
                          Notice.created_at >= NoticeChannel.since)
    for channel_id in session.scalars(
            select(NoticeChannel.id).join(Employee, Employee.id == NoticeChannel.employee_id)
            .where(Employee.active, NoticeChannel.channel.in_(offered), news).order_by(NoticeChannel.id)).all():
        _plan_channel(session, channel_id, now, clock)
        on_step()


def _untold(channel: object, now: dt.datetime) -> list[ColumnElement[bool]]:
    """Unread notices of late that are in no message of a channel."""
    told = exists().where(DeliveredNotice.notice_id == Notice.id, DeliveredNotice.channel == channel)
    return [Notice.read_at.is_(None), Notice.created_at >= now - TOLD_WITHIN, ~told]


def _plan_channel(session: Session, channel_id: int, now: dt.datetime, clock: Clock) -> None:
    """Behind the lock of one channel; whoever else plans it at this moment plans the same, so he is left to it."""
    row = session.scalar(select(NoticeChannel).where(NoticeChannel.id == channel_id)
                         .with_for_update(of=NoticeChannel, skip_locked=True)
                         .execution_options(populate_existing=True))
    if row is None:
        return
    notice_ids = session.scalars(select(Notice.id).where(
        Notice.employee_id == row.employee_id, *_untold(row.channel, now), Notice.created_at >= row.since,
        Notice.kind.in_(row.kinds)).order_by(Notice.id)).all()
    if not notice_ids:
        return
    due_at = quiet.due(now, row.digest_at, session.get(QuietHours, row.employee_id), clock)
    message = _waiting_until(session, row, due_at, now)
    session.add_all(DeliveredNotice(notice_id=notice_id, channel=row.channel, delivery_id=message.id)
                    for notice_id in notice_ids)
    session.flush()


def _waiting_until(session: Session, row: NoticeChannel, due_at: dt.datetime, now: dt.datetime) -> NoticeDelivery:
    """The message that goes out then: one that waits, locked so that nobody takes it meanwhile, or a new one."""
    found = session.scalar(select(NoticeDelivery).where(
        NoticeDelivery.employee_id == row.employee_id, NoticeDelivery.channel == row.channel,
        NoticeDelivery.state == DeliveryState.WAITING, NoticeDelivery.next_attempt_at == due_at)
        .order_by(NoticeDelivery.id).limit(1).with_for_update(of=NoticeDelivery))
    if found is None:
        found = NoticeDelivery(employee_id=row.employee_id, channel=row.channel, state=DeliveryState.WAITING,
                               created_at=now, due_at=due_at, next_attempt_at=due_at)
        session.add(found)
        session.flush()
    return found


# --- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """One attempt to send a message. What it is to say is read before the transaction ends."""

    delivery_id: int
    number: int
    key: str
    channel: DeliveryChannel
    employee: Employee
    preference: NoticeChannel
    notices: Sequence[Notice]


def claim(session: Session, *, now: dt.datetime, clock: Clock, offered: Collection[DeliveryChannel]) -> Attempt | None:
    """Take the message that has been due for longest; the caller commits before he sends it. None if none is due.

    Those that nobody is to send any more, or not now, are put aside on the way.
    """
    while (message := _next_due(session, now)) is not None:
        attempt = _take(session, message, now, clock, offered)
        session.flush()
        if attempt is not None:
            return attempt
    return None


def _next_due(session: Session, now: dt.datetime) -> NoticeDelivery | None:
    """Locked, and past those another worker is just looking at. On SQLite whoever writes is alone."""
    return session.scalar(
        select(NoticeDelivery).where(NoticeDelivery.next_attempt_at <= now)
        .order_by(NoticeDelivery.next_attempt_at, NoticeDelivery.id).limit(1)
        .with_for_update(of=NoticeDelivery, skip_locked=True).execution_options(populate_existing=True))


def _take(session: Session, message: NoticeDelivery, now: dt.datetime, clock: Clock,
          offered: Collection[DeliveryChannel]) -> Attempt | None:
    """Take a locked message, or put it aside."""
    if message.state is DeliveryState.SENDING:  # its worker has died
        message.state, message.problem, message.answer = DeliveryState.RETRYING, DeliveryProblem.INTERRUPTED, None
    preference = session.scalar(select(NoticeChannel).where(
        NoticeChannel.employee_id == message.employee_id, NoticeChannel.channel == message.channel)
        .execution_options(populate_existing=True))
    employee = session.get_one(Employee, message.employee_id, populate_existing=True)
    if preference is None or not employee.active or message.channel not in offered:
        message.state, message.next_attempt_at = DeliveryState.CANCELLED, None
        return None
    later = quiet.end_of_quiet(now, session.get(QuietHours, employee.id, populate_existing=True), clock)
    if later > now:
        message.next_attempt_at = later
        return None
    if message.attempts == 0:
        _gather(session, message, now)
    notices = _unread(session, message.id)
    if not notices or message.attempts >= MOST_ATTEMPTS:
        message.state = DeliveryState.GIVEN_UP if notices else DeliveryState.READ
        message.next_attempt_at = None
        return None
    message.state, message.attempts, message.attempted_at = DeliveryState.SENDING, message.attempts + 1, now
    message.next_attempt_at = now + LEASE
    return Attempt(message.id, message.attempts, f"notice-{message.id}-{int(message.created_at.timestamp())}",
                   message.channel, employee, preference, notices)


def _gather(session: Session, message: NoticeDelivery, now: dt.datetime) -> None:
    """What has come together for one person in quiet hours, or while no worker ran, goes out as one message."""
    others = session.scalars(select(NoticeDelivery.id).where(
        NoticeDelivery.employee_id == message.employee_id, NoticeDelivery.channel == message.channel,
        NoticeDelivery.state == DeliveryState.WAITING, NoticeDelivery.attempts == 0,
        NoticeDelivery.next_attempt_at <= now, NoticeDelivery.id != message.id)
        .order_by(NoticeDelivery.id).with_for_update(of=NoticeDelivery, skip_locked=True)).all()
    if others:
        session.execute(update(DeliveredNotice).where(DeliveredNotice.delivery_id.in_(others))
                        .values(delivery_id=message.id))
        session.execute(delete(NoticeDelivery).where(NoticeDelivery.id.in_(others)))


def _unread(session: Session, delivery_id: int) -> Sequence[Notice]:
    return session.scalars(
        select(Notice).join(DeliveredNotice, DeliveredNotice.notice_id == Notice.id)
        .where(DeliveredNotice.delivery_id == delivery_id, Notice.read_at.is_(None))
        .options(joinedload(Notice.customer)).order_by(Notice.id).execution_options(populate_existing=True)).all()


def settle(session: Session, delivery_id: int, number: int, *, now: dt.datetime,
           problem: DeliveryProblem | None = None, answer: str | None = None) -> bool:
    """Note what came of an attempt; False if another has taken its place.

    Args:
        problem: why it did not get out; None if it did.
        answer: the code the other side gave.
    """
    if problem is None:
        values = {"state": DeliveryState.SENT, "sent_at": now, "next_attempt_at": None}
    elif number >= MOST_ATTEMPTS or problem is DeliveryProblem.NO_ADDRESS:
        values = {"state": DeliveryState.GIVEN_UP, "next_attempt_at": None}
    else:
        values = {"state": DeliveryState.RETRYING, "next_attempt_at": now + FIRST_PAUSE * FACTOR ** (number - 1)}
    changed = session.connection().execute(update(NoticeDelivery).where(
        NoticeDelivery.id == delivery_id, NoticeDelivery.attempts == number,
        NoticeDelivery.state == DeliveryState.SENDING).values(**values, problem=problem, answer=answer))
    return bool(changed.rowcount)


# --- the log ----------------------------------------------------------------------------------------------------------


def again(session: Session, ids: Collection[int], *, now: dt.datetime) -> int:
    """Let messages be sent that were given up, or wait for their next attempt; how many there were."""
    found = session.scalars(select(NoticeDelivery).where(
        NoticeDelivery.id.in_(ids), NoticeDelivery.state.in_((DeliveryState.GIVEN_UP, DeliveryState.RETRYING)))
        .order_by(NoticeDelivery.id).with_for_update(of=NoticeDelivery).execution_options(populate_existing=True)).all()
    entries = []
    for message in found:
        entries.append((message.id, (PersonKind.EMPLOYEE, message.employee_id),
                        {"state": [message.state.value, DeliveryState.WAITING.value]}))
        message.state, message.attempts, message.next_attempt_at = DeliveryState.WAITING, 0, now
        message.problem = message.answer = None
    session.flush()
    audit.changed(session, NoticeDelivery, entries)
    return len(found)


def purge(session: Session, *, now: dt.datetime) -> int:
    """Forget what came of messages long ago; how many there were."""
    return session.connection().execute(
        delete(NoticeDelivery).where(NoticeDelivery.created_at <= now - KEPT)).rowcount
