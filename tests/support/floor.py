"""The sales floor: what people do with customers, each as one transaction at the clock's present time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.models import Customer, Distribution, Employee, FollowUp, Merge, TransferLine
from app.models.choices import DistributionStatus, LineState, Origin
from app.services import (
    claims,
    customers,
    distributions,
    enrolments,
    expiry,
    follow_ups,
    merges,
    pool_rules,
    recomputation,
    rule_book,
    transfers,
)
from app.services.claims import Claim
from app.services.expiry import Expired
from app.services.merges import Choices
from app.services.recomputation import Moved
from app.services.rules import DEFAULTS
from app.services.transfers import Plan
from tests.support.clock import SettableClock

Row = tuple[str, DistributionStatus, Origin, dt.date, dt.date | None]


class Floor:
    """Calls the services as the entry points do, and commits; a refusal rolls back and is raised."""

    def __init__(self, session: Session, clock: SettableClock) -> None:
        self.session, self.clock = session, clock

    @property
    def today(self) -> dt.date:
        return self.clock.today()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            yield self.session
            self.session.commit()
        except BaseException:
            self.session.rollback()
            raise

    def claim(self, customer: Customer | int, by: Employee) -> Claim:
        customer_id = customer if isinstance(customer, int) else customer.id
        with self._transaction() as session:
            return claims.claim(session, customer_id, by.id, today=self.today, now=self.clock.now())

    def follow_up(self, customer: Customer, by: Employee, note: str = "聊了聊", **details: Any) -> FollowUp:
        with self._transaction() as session:
            return follow_ups.log(session, customer.id, by, note, today=self.today, now=self.clock.now(), **details)

    def release(self, customer: Customer, by: Employee | None = None) -> None:
        with self._transaction() as session:
            customers.release(session, customer.id, by=by, today=self.today, now=self.clock.now())

    def assign(self, customer: Customer, to: Employee) -> None:
        with self._transaction() as session:
            customers.assign(session, customer.id, to.id, today=self.today, now=self.clock.now())

    def rules(self, **said: Any) -> None:
        """Decide the school's rules; what is not said stays as the school has it. Clocks that run stay as they are."""
        with self._transaction() as session:
            book = rule_book.load(session)
            pool_rules.save(session, pool_rules.SCHOOL, pool_rules.said_by(book, pool_rules.SCHOOL) | said)

    def move(self, chosen: ColumnElement[bool], plan: Plan, by: Employee, *,
             batch: int = transfers.BATCH) -> dict[int, LineState]:
        """Order that customers are moved and carry it out; what became of each."""
        with self._transaction() as session:
            transfer = transfers.order(session, by, chosen, plan, today=self.today, now=self.clock.now())
            session.commit()
            transfers.carry_out(session, transfer.id, today=self.clock.today, now=self.clock.now, batch=batch,
                                on_batch=lambda _done, _total: session.commit())
            return {line.customer_id: line.state for line in session.scalars(
                select(TransferLine).where(TransferLine.transfer_id == transfer.id))}

    def lock(self, customer: Customer, until: dt.date, by: Employee | None = None) -> None:
        """A lock where the school lets people lock what they like, unless the test has decided otherwise."""
        if rule_book.load(self.session).school == DEFAULTS:
            self.rules(lock_limit=1000, lock_days=90)
        with self._transaction() as session:
            customers.lock(session, customer.id, until, by=by, today=self.today)

    def unlock(self, customer: Customer, by: Employee | None = None) -> None:
        with self._transaction() as session:
            customers.unlock(session, customer.id, by=by, today=self.today)

    def enrol(self, customer: Customer) -> None:
        with self._transaction() as session:
            enrolments.enrol(session, customer.id, today=self.today, now=self.clock.now())

    def undo(self, customer: Customer) -> None:
        with self._transaction() as session:
            enrolments.undo(session, customer.id, today=self.today, now=self.clock.now())

    def merge(self, survivor: Customer | int, merged: Customer | int, by: Employee, *, holder: str = merges.SURVIVOR,
              **values: str) -> Merge:
        """Merge the second into the first; `values` says whose value of a column is taken."""
        one, other = (each if isinstance(each, int) else each.id for each in (survivor, merged))
        with self._transaction() as session:
            return merges.merge(session, one, other, Choices(values, holder), by=by, today=self.today,
                                now=self.clock.now())

    def part(self, merge: Merge | int, by: Employee) -> None:
        """Undo a merge."""
        with self._transaction() as session:
            merges.undo(session, merge if isinstance(merge, int) else merge.id, by=by, today=self.today,
                        now=self.clock.now())

    def recompute(self, customer: Customer) -> None:
        with self._transaction() as session:
            distributions.recompute_held(session, customer.id, today=self.today)

    def recompute_all(self, *, batch: int = recomputation.BATCH) -> Moved:
        """The recomputation as a job; a transaction for each batch."""
        with self._transaction() as session:
            return recomputation.recompute(session, today=lambda: self.today, batch=batch,
                                           on_batch=lambda _number, _last, _moved: session.commit())

    def night(self, as_of: dt.date | None = None, *, batch: int = expiry.BATCH) -> Expired:
        """The nightly job for a business date, today's if left out; a transaction for each batch."""
        with self._transaction() as session:
            return expiry.expire(session, as_of or self.today, now=self.clock.now, batch=batch,
                                 on_batch=lambda _done, _total, _part: session.commit())

    def rows(self, customer: Customer) -> list[Row]:
        """Who held the customer, how it ended, how it began, from when until when; in order."""
        query = select(Distribution).where(Distribution.customer_id == customer.id).order_by(Distribution.id)
        return [(row.consultant.name, row.status, row.origin, row.started_on, row.ended_on)
                for row in self.session.scalars(query)]

    def statuses(self, customer: Customer) -> dict[str, int]:
        """The status of each consultant's last row, as stored."""
        return {name: int(status) for name, status, *_ in self.rows(customer)}
