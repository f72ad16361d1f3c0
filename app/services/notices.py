"""Notices: telling people what concerns their customers, each thing once.

Whoever tells something writes rows, in the transaction of what they tell about, and nothing else: the panel shows the
rows, and what goes out of it is derived from them afterwards. So nothing here waits for anybody's network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import Notice
from app.models.choices import NoticeKind
from app.services import counting

_NOTICES = cast(Table, Notice.__table__)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


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
    details: Mapping[str, str | int | None] = field(default_factory=dict)


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


def unread(session: Session, employee_id: int) -> int:
    """How many notices somebody has not read, counted as far as screens count."""
    return counting.up_to(session, counting.ENOUGH, select(Notice.id).where(
        Notice.employee_id == employee_id, Notice.read_at.is_(None)))


def mark_read(session: Session, employee_id: int, *, now: dt.datetime, up_to_id: int | None = None,
              customer_id: int | None = None) -> int:
    """Note that somebody has read his notices; how many were unread.

    Args:
        up_to_id: only those up to this one, which he saw; what came meanwhile stays unread.
        customer_id: only those about one customer.
    """
    which = [Notice.employee_id == employee_id, Notice.read_at.is_(None)]
    if up_to_id is not None:
        which.append(Notice.id <= up_to_id)
    if customer_id is not None:
        which.append(Notice.customer_id == customer_id)
    return len(session.execute(update(Notice).where(*which).values(read_at=now).returning(Notice.id)
                               .execution_options(synchronize_session="fetch")).all())
