"""The recomputation: after a change of rules or calendar everybody who is held falls as they now say.

Nobody falls before tomorrow by it, and public and enrolled customers are left as they are. A customer's new fall
depends on nothing but his row, the rules and the day, so it may be killed anywhere, run twice or by two workers, and
go on from where it was: the rows end the same. Whether it is owed stands in the database: every change notes itself,
and what was noted when a run began is noted as done when it ends.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.models import Customer, Distribution, Employee, Setting
from app.models.audit import PersonKind
from app.models.choices import DistributionStatus
from app.services import audit, audit_capture, leaves, pool, rule_book
from app.services.audit import AUDITED
from app.services.calendars import EDITION
from app.services.rules import ONE_DAY

BATCH = 1000

CHANGED, APPLIED = "clock.changed", "clock.applied"
"""Settings: a mark of the last change of the rules, and the state that everybody's clock is known to follow."""


@dataclass(frozen=True)
class Moved:
    """How many customers fall earlier than before, and how many later."""

    earlier: int = 0
    later: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(self.earlier + other.earlier, self.later + other.later)


def note_change(session: Session) -> None:
    """Say that the rules or the calendar have changed, so that a recomputation is owed."""
    session.merge(Setting(key=CHANGED, value=secrets.token_hex(8)))


def wanted_state(session: Session) -> str:
    """What everybody's clock should follow: the last change, and the edition of the public calendars."""
    return f"{_setting(session, CHANGED) or 'as made'} {EDITION}"


def is_owed(session: Session) -> bool:
    """Whether a recomputation has not come to its end since the last change.

    Where nobody has ever changed anything every clock has been set by the defaults, which know no calendar.
    """
    return _setting(session, CHANGED) is not None and _setting(session, APPLIED) != wanted_state(session)


def note_done(session: Session, state: str) -> None:
    """Say that everybody's clock follows the state that was wanted when a run began."""
    session.merge(Setting(key=APPLIED, value=state))


def number(session: Session, today: dt.date) -> int:
    """How many customers there are to look at."""
    return session.scalar(select(func.count()).select_from(Customer).where(pool.is_held(today))) or 0


def recompute(session: Session, *, today: Callable[[], dt.date], on_batch: Callable[[int, int, Moved], None],
              after_id: int = 0, consultant_id: int | None = None, batch: int = BATCH) -> Moved:
    """Set the clocks of those who are held anew, in batches.

    Args:
        today: gives the business date, for each batch.
        on_batch: called after each batch with how many it looked at, the highest id among them and what moved; the
            caller commits there, so that each batch is one transaction.
        after_id: go on behind this customer.
        consultant_id: only this consultant's customers, as after a leave.
        batch: how many customers are locked at once.
    """
    moved = Moved()
    while rows := _next(session, after_id, consultant_id, day := today(), batch):
        part = _set_anew(session, rows, day)
        moved, after_id = moved + part, rows[-1].id
        on_batch(len(rows), after_id, part)
    return moved


def of_consultant(session: Session, consultant_id: int, *, today: dt.date) -> Moved:
    """Set the clocks of one consultant's customers anew, in the caller's transaction, who has locked him."""
    return recompute(session, today=lambda: today, consultant_id=consultant_id,
                     on_batch=lambda _number, _last, _moved: None)


def _next(session: Session, after_id: int, consultant_id: int | None, today: dt.date, size: int) -> list[Row[Any]]:
    """The next held customers, locked in the order of their ids."""
    query = (select(Customer.id, Customer.consultant_id, Customer.source, Customer.recv_date,
                    Customer.last_consult_date, Customer.locked_until, Customer.public_on, Customer.public_as,
                    Employee.department_code)
             .join(Employee, Employee.id == Customer.consultant_id)
             .where(pool.is_held(today), Customer.id > after_id, Customer.recv_date.is_not(None))
             .order_by(Customer.id).limit(size).with_for_update(of=Customer, key_share=True))
    return list(session.execute(query if consultant_id is None else query.where(
        Customer.consultant_id == consultant_id)))


def _set_anew(session: Session, rows: list[Row[Any]], today: dt.date) -> Moved:
    """Set the clocks of locked customers by the rules as they stand, which are read behind the locks."""
    open_rows = _open_rows(session, [row.id for row in rows])
    book, away = rule_book.load(session), leaves.approved(session, {row.consultant_id for row in rows})
    changes, entries, earlier, later = [], [], 0, 0
    for row in rows:
        if (row.id, row.consultant_id) not in open_rows:  # the night of tomorrow has closed his holding meanwhile
            continue
        clock = book.clock(row.department_code, row.source, away.get(row.consultant_id, ()))
        end = clock.fall(row.recv_date, row.last_consult_date, row.locked_until)
        after = {"public_on": max(end.public_on, today + ONE_DAY), "public_as": end.public_as}
        before = {"public_on": row.public_on, "public_as": row.public_as}
        if after == before:
            continue
        earlier += after["public_on"] < row.public_on
        later += after["public_on"] > row.public_on
        changes.append({"the_id": row.id, **after})
        entries.append((row.id, (PersonKind.CUSTOMER, row.id), audit_capture.differences(before, after)))
    if changes:
        session.connection().execute(
            update(Customer.__table__).where(Customer.__table__.c.id == bindparam("the_id"))  # type: ignore[arg-type]
            .values(public_on=bindparam("public_on"), public_as=bindparam("public_as")),
            changes, execution_options=AUDITED)
        audit.changed(session, Customer, entries)
        session.expire_all()
    return Moved(earlier, later)


def _open_rows(session: Session, customer_ids: list[int]) -> set[tuple[int, int]]:
    """Which of locked customers have an open row, and whose it is."""
    return {(customer_id, consultant_id) for customer_id, consultant_id in session.execute(
        select(Distribution.customer_id, Distribution.consultant_id).where(
            Distribution.customer_id.in_(customer_ids), Distribution.status == DistributionStatus.FOLLOWING))}


def _setting(session: Session, key: str) -> str | None:
    return session.scalar(select(Setting.value).where(Setting.key == key))
