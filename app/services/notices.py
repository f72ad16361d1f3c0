"""Notices: telling people what concerns their customers, each thing once.

Whoever tells something writes rows, in the transaction of what they tell about, and nothing else: the panel shows the
rows, and what goes out of it is derived from them afterwards. So nothing here waits for anybody's network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import Table, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from app.models import Employee, Notice
from app.models.choices import NoticeKind
from app.services import counting

HANDFUL = 5
"""More than so many at once are told as one, with their number."""

KEPT = dt.timedelta(days=90)
"""How long notices are kept. By then what they tell of cannot come again."""

PEOPLE = ("by_id", "from_id", "to_id", "consultant_id")
"""The details that are numbers of employees."""

_NOTICES = cast(Table, Notice.__table__)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Details = Mapping[str, str | int | None]


@dataclass(frozen=True)
class News:
    """Something one person is to be told.

    Args:
        key: what it is; of several with the same key he is told one.
        details: days (ISO), codes and numbers; see `Notice`.
    """

    employee_id: int
    kind: NoticeKind
    key: str
    customer_id: int | None = None
    details: Details = field(default_factory=dict)


def give(session: Session, news: Iterable[News], *, now: dt.datetime) -> int:
    """Tell people something, unless they were told already; how many notices are new.

    Two transactions that tell the same at once leave one notice: the second waits for the first and then adds nothing.
    Rows go in by their keys, so that no two can wait for each other in a circle.
    """
    rows = {each.key: {"employee_id": each.employee_id, "kind": each.kind, "key": each.key, "created_at": now,
                       "customer_id": each.customer_id, "details": dict(each.details)} for each in news}
    if not rows:
        return 0
    statement = _INSERT[session.get_bind().dialect.name](_NOTICES).on_conflict_do_nothing(
        index_elements=[_NOTICES.c.key]).returning(_NOTICES.c.id)
    return len(session.execute(statement, [rows[key] for key in sorted(rows)]).all())


def add_up(session: Session, sums: Iterable[News], *, now: dt.datetime) -> None:
    """Tell people of many things as one, part by part: whole numbers in `details["…number"]` are added to those told.

    Whatever has grown is unread again.
    """
    parts = {each.key: each for each in sums}
    if not parts:
        return
    give(session, (replace(each, details={**each.details, **dict.fromkeys(_numbers(each.details), 0)})
                   for each in parts.values()), now=now)
    for notice in session.scalars(select(Notice).where(Notice.key.in_(parts)).order_by(Notice.key)
                                  .with_for_update().execution_options(populate_existing=True)):
        more = _numbers(parts[notice.key].details)
        notice.details = {**notice.details, **{name: notice.details[name] + part for name, part in more.items()}}
        notice.read_at = None
    session.flush()


def _numbers(details: Details) -> dict[str, int]:
    return {name: value for name, value in details.items() if name.endswith("number") and isinstance(value, int)}


@dataclass(frozen=True)
class Bundle:
    """All news of one kind for one person that belong together, such as those of one day.

    Args:
        total: what he is told instead if they are more than a handful; its number is put in.
    """

    total: News
    news: list[News]


def give_bundles(session: Session, bundles: Collection[Bundle], *, now: dt.datetime) -> int:
    """Tell people what they have not been told: a handful one by one, more as one with their number.

    The bundles are whole each time. Where their number was told it follows them, if they have become more, and is
    unread again. Nothing is written where nothing is new.
    """
    told = _told(session, [each.key for bundle in bundles for each in (bundle.total, *bundle.news)])
    fresh: list[News] = []
    for bundle in bundles:
        new = [each for each in bundle.news if each.key not in told]
        total = replace(bundle.total, details={**bundle.total.details, "number": len(new)})
        if total.key not in told:
            fresh += [total] if len(new) > HANDFUL else new
        elif len(new) > told[total.key].get("number", 0):
            session.execute(update(Notice).where(Notice.key == total.key).values(details=total.details, read_at=None)
                            .execution_options(synchronize_session=False))
    return give(session, fresh, now=now)


def _told(session: Session, keys: list[str], size: int = 1000) -> dict[str, dict[str, Any]]:
    """Which of these have been told, with the details."""
    found: dict[str, dict[str, Any]] = {}
    for begin in range(0, len(keys), size):
        found |= {key: details for key, details in session.execute(
            select(Notice.key, Notice.details).where(Notice.key.in_(keys[begin:begin + size])))}
    return found


# --- reading them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Some notices of somebody, newest first; `after` begins the next page, None on the last."""

    notices: list[Notice]
    after: int | None


def page(session: Session, employee_id: int, *, kind: NoticeKind | None = None, unread_only: bool = False,
         after: int | None = None, size: int = 50) -> Page:
    """A page of somebody's notices with their customers, by keyset.

    Args:
        after: only those before this one.
    """
    query = (select(Notice).where(Notice.employee_id == employee_id).options(joinedload(Notice.customer))
             .order_by(Notice.id.desc()).limit(size + 1))
    if kind is not None:
        query = query.where(Notice.kind == kind)
    if unread_only:
        query = query.where(Notice.read_at.is_(None))
    if after is not None:
        query = query.where(Notice.id < after)
    found = list(session.scalars(query))
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def of(session: Session, employee_id: int, notice_id: int) -> Notice | None:
    """One of somebody's notices; another's is not there for him."""
    return session.scalar(select(Notice).options(joinedload(Notice.customer)).where(
        Notice.id == notice_id, Notice.employee_id == employee_id))


@dataclass(frozen=True)
class Standing:
    """How many notices somebody has not read, counted as far as screens count, and the newest of them."""

    unread: int
    newest: int


def standing(session: Session, employee_id: int) -> Standing:
    """How somebody's notices stand: one query over those he has not read."""
    waiting = (select(Notice.id).where(Notice.employee_id == employee_id, Notice.read_at.is_(None))
               .order_by(Notice.id.desc()).limit(counting.ENOUGH + 1).subquery())
    number, newest = session.execute(select(func.count(), func.max(waiting.c.id))).one()
    return Standing(number, newest or 0)


def unread(session: Session, employee_id: int) -> int:
    """How many notices somebody has not read, counted one past as far as screens count."""
    return standing(session, employee_id).unread


def since(session: Session, employee_id: int, notice_id: int, *, size: int) -> list[Notice]:
    """Somebody's unread notices that came after one, the first of them, with their customers."""
    return list(session.scalars(select(Notice).options(joinedload(Notice.customer)).where(
        Notice.employee_id == employee_id, Notice.read_at.is_(None), Notice.id > notice_id)
        .order_by(Notice.id).limit(size)))


def unread_about(session: Session, employee_id: int, customer_id: int) -> list[int]:
    """The numbers of somebody's unread notices about a customer."""
    return list(session.scalars(select(Notice.id).where(
        Notice.customer_id == customer_id, Notice.employee_id == employee_id, Notice.read_at.is_(None))))


def unread_by_kind(session: Session, employee_id: int) -> dict[NoticeKind, int]:
    """How many notices of each kind somebody has not read, of the kinds of which he has any."""
    return {kind: number for kind, number in session.execute(
        select(Notice.kind, func.sum(case((Notice.read_at.is_(None), 1), else_=0)))
        .where(Notice.employee_id == employee_id).group_by(Notice.kind))}


def people(session: Session, notices: Iterable[Notice]) -> dict[int, str]:
    """The names of the people in the details of notices, by their numbers: one query."""
    wanted = {each.details[name] for each in notices for name in PEOPLE if each.details.get(name) is not None}
    if not wanted:
        return {}
    return {number: name for number, name in session.execute(
        select(Employee.id, Employee.name).where(Employee.id.in_(wanted)))}


def mark_read(session: Session, employee_id: int, *, now: dt.datetime, up_to_id: int | None = None,
              ids: Collection[int] | None = None, customer_id: int | None = None) -> int:
    """Note that somebody has read notices of his; how many were unread.

    Args:
        up_to_id: only those up to this one, which he saw; what came meanwhile stays unread.
        ids: only these.
        customer_id: only those about one customer.
    """
    which = [Notice.employee_id == employee_id, Notice.read_at.is_(None)]
    if up_to_id is not None:
        which.append(Notice.id <= up_to_id)
    if ids is not None:
        which.append(Notice.id.in_(ids))
    if customer_id is not None:
        which.append(Notice.customer_id == customer_id)
    return len(session.execute(update(Notice).where(*which).values(read_at=now).returning(Notice.id)
                               .execution_options(synchronize_session="fetch")).all())


def purge(session: Session, *, now: dt.datetime) -> int:
    """Forget what was told long ago; how many notices that were."""
    return len(session.execute(delete(Notice).where(Notice.created_at < now - KEPT).returning(Notice.id)
                               .execution_options(synchronize_session=False)).all())
