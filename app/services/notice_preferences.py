"""What people choose: the channels they are told by, what of, when, and when not.

Of a bot only its key is kept, sealed; it is shown to nobody. Mail and WeChat go to what the school's record of the
employee says, so that nobody sends customers' names to an address that nobody has checked.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import Employee, NoticeChannel, NoticeDelivery, QuietHours
from app.models.choices import DeliveryChannel, DeliveryState, NoticeKind
from app.services import floor, sealing

PURPOSE = "notice channel"
BOTS = {DeliveryChannel.WECOM: r"[A-Za-z0-9_-]{8,128}", DeliveryChannel.DINGTALK: r"[A-Za-z0-9]{8,128}",
        DeliveryChannel.FEISHU: r"[A-Za-z0-9_-]{8,128}"}
"""The channels that need a key of one's own, and what it looks like."""

SIGNED = DeliveryChannel.DINGTALK
"""The bot that may have a secret to sign with besides."""

_SIGNING = r"[A-Za-z0-9]{8,128}"
_IN_ADDRESS = re.compile(r"https://[^\s?#]+(?:[?&](?:key|access_token)=|/hook/)([A-Za-z0-9_-]+)/?")


@dataclass(frozen=True)
class Choice:
    """What somebody wants of a channel.

    Args:
        key: of his bot, or its whole webhook address, of which nothing else is kept; empty for the one that is known.
        secret: with which it signs, if it does.
        kinds: what he is told by it.
        digest_at: when a day's notices go out as one message; None for at once.
    """

    kinds: Collection[NoticeKind]
    digest_at: dt.time | None = None
    key: str = ""
    secret: str = ""


def channels_of(session: Session, employee_id: int) -> dict[DeliveryChannel, NoticeChannel]:
    """The channels somebody uses."""
    return {each.channel: each for each in session.scalars(
        select(NoticeChannel).where(NoticeChannel.employee_id == employee_id))}


def kinds_for(employee: Employee) -> list[NoticeKind]:
    """What somebody may be told of: a team's customers only if he sees a floor."""
    oversees = floor.reach_of(employee) is not None
    return [kind for kind in NoticeKind if kind is not NoticeKind.TEAM_WARNING or oversees]


def brings_any(row: NoticeChannel, employee: Employee) -> bool:
    """Whether anything can come to somebody by a channel of his."""
    return any(kind.value in row.kinds for kind in kinds_for(employee))


def target(employee: Employee, channel: DeliveryChannel, row: NoticeChannel | None, *, secret_key: str) -> str | None:
    """Where a message to somebody goes: an address, or the key of his bot. None if that is not known."""
    if channel is DeliveryChannel.MAIL:
        return employee.email
    if channel is DeliveryChannel.WECHAT:
        return employee.openid
    if row is None or row.sealed_key is None:
        return None
    try:
        return sealing.unseal(row.sealed_key, f"{PURPOSE} {channel.value}", employee.id, secret_key=secret_key)
    except sealing.UnreadableError:
        return None


def choose(session: Session, employee: Employee, channel: DeliveryChannel, choice: Choice, *, now: dt.datetime,
           secret_key: str) -> NoticeChannel:
    """Use a channel, or use it otherwise. What waits is planned anew.

    Raises:
        DomainError: the key is none, or is missing; with the field.
        ConflictError: the school knows no address of him.
    """
    row = session.scalar(select(NoticeChannel).where(
        NoticeChannel.employee_id == employee.id, NoticeChannel.channel == channel)
        .with_for_update(of=NoticeChannel).execution_options(populate_existing=True))
    if row is None:
        row = NoticeChannel(employee_id=employee.id, channel=channel, since=now)
    if channel in BOTS and (choice.key or row.sealed_key is None or choice.secret):
        row.sealed_key = sealing.seal(_key(channel, choice), f"{PURPOSE} {channel.value}", employee.id,
                                      secret_key=secret_key)
    if not target(employee, channel, row, secret_key=secret_key):
        raise ConflictError(_l("The school knows no address of yours for this: ask an admin to enter it."))
    row.kinds = [kind.value for kind in NoticeKind if kind in choice.kinds]
    row.digest_at = choice.digest_at
    session.add(row)
    session.flush()
    _plan_anew(session, employee.id, channel)
    return row


def _key(channel: DeliveryChannel, choice: Choice) -> str:
    found = _IN_ADDRESS.match(choice.key.strip())
    key = found[1] if found else choice.key.strip()
    if not key:
        raise DomainError(_l("Enter the key of your bot."), field="key")
    if not re.fullmatch(BOTS[channel], key):
        raise DomainError(_l("This is no key of such a bot: copy its webhook address, or the key at its end."),
                          field="key")
    if channel is not SIGNED or not choice.secret:
        return key
    if not re.fullmatch(_SIGNING, choice.secret.strip()):
        raise DomainError(_l("This is no secret of such a bot: it begins with SEC."), field="secret")
    return f"{key} {choice.secret.strip()}"


def stop(session: Session, employee_id: int, channel: DeliveryChannel) -> None:
    """Use a channel no more; its key is forgotten, and what waits for it is not sent.

    Raises:
        NotFoundError: he does not use it.
    """
    row = session.scalar(select(NoticeChannel).where(
        NoticeChannel.employee_id == employee_id, NoticeChannel.channel == channel).with_for_update(of=NoticeChannel))
    if row is None:
        raise NotFoundError(_l("There is nothing here, or nothing you may see."))
    session.delete(row)
    session.flush()
    _plan_anew(session, employee_id, channel)


def quiet_hours_of(session: Session, employee_id: int) -> QuietHours | None:
    """When nothing is sent to somebody."""
    return session.get(QuietHours, employee_id, populate_existing=True)


def keep_quiet(session: Session, employee_id: int, begins: dt.time | None, ends: dt.time | None) -> None:
    """Choose when nothing is sent, or with two times left out that something always may be.

    Raises:
        DomainError: only one time is given, or both are the same; with the field.
    """
    if (begins is None) != (ends is None):
        raise DomainError(_l("Enter both times, or none."), field="begins" if begins is None else "ends")
    if begins is None or ends is None:
        session.execute(delete(QuietHours).where(QuietHours.employee_id == employee_id))
    elif begins == ends:
        raise DomainError(_l("Quiet hours end at another time than they begin."), field="ends")
    else:
        session.merge(QuietHours(employee_id=employee_id, begins=begins, ends=ends))
    session.flush()
    _plan_anew(session, employee_id)


def _plan_anew(session: Session, employee_id: int, channel: DeliveryChannel | None = None) -> None:
    """Forget what has not been tried yet: the next look plans it as is now wanted."""
    which = [NoticeDelivery.employee_id == employee_id, NoticeDelivery.state == DeliveryState.WAITING]
    if channel is not None:
        which.append(NoticeDelivery.channel == channel)
    session.execute(delete(NoticeDelivery).where(*which))
