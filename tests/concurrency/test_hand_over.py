"""A leaver is handed over while everybody works on: claims, follow-ups, enrolments, the night, another hand-over.

Whoever comes first, nobody is lost, nobody is with two, and who has left has nobody.
"""

from __future__ import annotations

import datetime as dt
import random
from functools import partial

import pytest
from sqlalchemy import func, select

from app.errors import ConflictError
from app.models import Customer, Distribution, Employee, TransferLine
from app.models.choices import DistributionStatus, LeaverLogin, LineState
from app.services import claims, customers, enrolments, expiry, follow_ups, pool, transfers
from app.services.transfers import Plan
from tests.support.crowd import all_at_once
from tests.support.databases import empty, on_both_databases
from tests.support.sizes import FULL_SIZE

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 10 if FULL_SIZE else 2


class Actors:
    """What people do, each in a session of his own; a refusal is no error."""

    def __init__(self, arena) -> None:
        self.arena = arena
        self.at = {"today": arena.clock.today(), "now": arena.clock.now()}

    def act(self, deed) -> bool:
        with self.arena.session() as session:
            try:
                deed(session)
                session.commit()
                return True
            except ConflictError:
                session.rollback()
                return False

    def claim(self, customer_id, who) -> bool:
        return self.act(lambda session: claims.claim(session, customer_id, who, **self.at))

    def follow_up(self, customer_id, who) -> bool:
        return self.act(lambda session: follow_ups.log(session, customer_id, session.get_one(Employee, who), "在的",
                                                       **self.at))

    def enrol(self, customer_id) -> bool:
        return self.act(lambda session: enrolments.enrol(session, customer_id, **self.at))

    def undo(self, customer_id) -> bool:
        return self.act(lambda session: enrolments.undo(session, customer_id, **self.at))

    def assign(self, customer_id, who) -> bool:
        return self.act(lambda session: customers.assign(session, customer_id, who, **self.at))

    def night(self) -> None:
        with self.arena.session() as session:
            expiry.expire(session, self.at["today"], now=self.arena.clock.now, batch=3,
                          on_batch=lambda *_: session.commit())
            session.commit()

    def hand_over(self, leaver_id, recipients, *, batch) -> int | None:
        """The number of the order; None if there was nothing to order."""
        with self.arena.session() as session:
            admin = session.scalars(select(Employee).where(Employee.username == "admin")).one()
            try:
                transfer = transfers.order(
                    session, admin, transfers.with_employee(leaver_id, self.at["today"]),
                    Plan(tuple(sorted(recipients)), leaver=session.get_one(Employee, leaver_id), deactivates=True),
                    **self.at)
            except ConflictError:
                session.rollback()
                return None
            session.commit()
            number = transfer.id
            transfers.carry_out(session, number, today=self.arena.clock.today, now=self.arena.clock.now, batch=batch,
                                on_batch=lambda *_: session.commit())
            return number


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_while_everybody_works_on(arena, seed):
    arena.open(6)
    leaver, *others = arena.consultant_ids
    name, lot = arena.consultants[0], random.Random(seed)
    today = arena.clock.today()
    held, fallen = arena.received(30, name, today), arena.fallen(15, former=name)
    won, strangers = arena.received(10, name, today), arena.fallen(20)
    actors = Actors(arena)
    for customer_id in won:
        assert actors.enrol(customer_id)
    acts = [actors.night, actors.night,
            *(lambda id_=id_: actors.follow_up(id_, leaver) for id_ in held),
            *(lambda id_=id_: actors.enrol(id_) for id_ in lot.sample(held, 8)),
            *(lambda id_=id_: actors.undo(id_) for id_ in won[:6]),
            *(lambda id_=id_: actors.claim(id_, leaver) for id_ in strangers),
            *(partial(actors.claim, id_, lot.choice(others)) for id_ in fallen + strangers),
            *(partial(actors.assign, id_, lot.choice(others)) for id_ in lot.sample(held, 6))]
    lot.shuffle(acts)
    number, *_ = all_at_once([lambda: actors.hand_over(leaver, others[:3], batch=4), *acts])
    arena.check_whole()
    assert set(arena.open_rows().values()) <= {1}
    with arena.session() as session:
        assert session.get_one(Employee, leaver).active is False
        assert pool.number_held(session, leaver, today=today) == 0
        assert session.scalar(select(func.count()).select_from(Customer).where(
            transfers.with_employee(leaver, today))) == 0
        states = transfers.states(session, number)
        assert LineState.WAITING not in states
        for line in session.scalars(select(TransferLine).where(TransferLine.transfer_id == number,
                                                               TransferLine.state == LineState.MOVED)):
            rows = session.scalars(select(Distribution).where(Distribution.customer_id == line.customer_id)).all()
            moved = [row for row in rows if row.consultant_id == leaver
                     and row.status in (DistributionStatus.TRANSFERRED, DistributionStatus.ENROLLED)]
            assert moved, f"nothing says how {line.customer_id} left him"


def test_two_who_leave_and_hand_over_to_each_other(arena):
    """At most one of them can: the other has whom he got."""
    for _ in range(ROUNDS):
        arena.open(2)
        one, other = arena.consultant_ids
        for name in arena.consultants:
            arena.received(12, name, arena.clock.today())
        actors = Actors(arena)
        all_at_once([partial(actors.hand_over, leaver, [recipient], batch=3)
                     for leaver, recipient in ((one, other), (other, one))])
        arena.check_whole()
        with arena.session() as session:
            for employee_id in (one, other):
                employee = session.get_one(Employee, employee_id)
                held = pool.number_held(session, employee_id, today=arena.clock.today())
                assert employee.active or not held, "he has left, and yet he has customers"
            total = session.scalar(select(func.count()).select_from(Customer))
            held = session.scalar(select(func.count()).select_from(Distribution).where(
                Distribution.status == DistributionStatus.FOLLOWING))
            assert held == total
        empty(arena.engine)


def test_one_order_carried_out_by_two_at_once_is_carried_out_once(arena):
    arena.open(3)
    leaver, *recipients = arena.consultant_ids
    arena.received(40, arena.consultants[0], arena.clock.today())
    today, now = arena.clock.today, arena.clock.now
    with arena.session() as session:
        admin = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        order = transfers.order(session, admin, transfers.with_employee(leaver, today()), Plan(
            tuple(recipients), leaver=session.get_one(Employee, leaver), deactivates=True), today=today(), now=now())
        session.commit()
        number = order.id

    def carry_out() -> None:
        with arena.session() as session:
            transfers.carry_out(session, number, today=today, now=now, batch=3,
                                on_batch=lambda *_: session.commit())

    all_at_once([carry_out] * 4)
    arena.check_whole()
    with arena.session() as session:
        assert transfers.states(session, number) == {LineState.MOVED: 40}
        assert [moved for _who, moved in transfers.received(session, number)] == [20, 20]
        begun = session.scalar(select(func.count()).select_from(Distribution).where(
            Distribution.consultant_id.in_(recipients)))
        assert begun == 40
        assert session.get_one(type(order), number).login is LeaverLogin.ENDED


def test_the_day_may_break_meanwhile(arena):
    """He is ordered before midnight and moved after it: who has fallen is nobody's to hand over."""
    arena.open(3)
    leaver, *recipients = arena.consultant_ids
    today = arena.clock.today()
    falling = arena.received(6, arena.consultants[0], today - dt.timedelta(days=3))
    staying = arena.received(6, arena.consultants[0], today)
    actors = Actors(arena)
    with arena.session() as session:
        admin = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        number = transfers.order(session, admin, transfers.with_employee(leaver, today), Plan(
            tuple(recipients), leaver=session.get_one(Employee, leaver), deactivates=True), **actors.at).id
        session.commit()
    arena.clock.advance(days=1)
    late = Actors(arena)

    def carry_out() -> None:
        with arena.session() as session:
            transfers.carry_out(session, number, today=arena.clock.today, now=arena.clock.now, batch=2,
                                on_batch=lambda *_: session.commit())

    all_at_once([carry_out, late.night, late.night])
    arena.check_whole()
    with arena.session() as session:
        lines = {line.customer_id: line.state for line in session.scalars(select(TransferLine))}
        assert lines == {**dict.fromkeys(falling, LineState.REFUSED), **dict.fromkeys(staying, LineState.MOVED)}
        ended = {tuple(row) for row in session.execute(select(Distribution.status, Distribution.ended_on).where(
            Distribution.customer_id.in_(falling)))}
        assert ended == {(DistributionStatus.NO_FOLLOW_UP, arena.clock.today())}
