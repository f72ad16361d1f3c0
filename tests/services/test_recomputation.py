"""The recomputation after a change of rules: who falls when, killed anywhere, beside claims and the night."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AuditEntry, Customer, Leave
from app.models.choices import Calendar, LeaveState, Source
from app.services import claims, pool_rules, recomputation, rule_book
from app.services.pool_rules import SCHOOL, Scope
from app.services.recomputation import Moved
from app.services.rules import fall
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

ONE_DAY = dt.timedelta(days=1)


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


class Death(BaseException):
    """The process is gone."""


@pytest.fixture
def recompute(engine, clock):
    """`recompute()` runs it in a session of its own, as the job does; `dies_after` so many batches."""
    def run(*, batch: int = 1000, after_id: int = 0, dies_after: int | None = None) -> Moved:
        commits = 0
        with Session(engine) as session:
            def commit(_number: int, _last_id: int, _moved: Moved) -> None:
                nonlocal commits
                if commits == dies_after:
                    raise Death
                session.commit()
                commits += 1

            return recomputation.recompute(session, today=clock.today, on_batch=commit, after_id=after_id, batch=batch)

    return run


@pytest.fixture
def falls(session):
    """When each customer falls, and as what."""
    def read() -> dict[int, tuple]:
        session.rollback()
        session.expire_all()
        found = {each.id: (each.public_on, each.public_as) for each in session.scalars(select(Customer))}
        session.rollback()
        return found

    return read


@pytest.fixture
def crowd(make_customer, floor, school, clock, session):
    """Customers of three consultants from several sources, received and followed up on several days."""
    chance, start = random.Random(7), clock.today()
    for number in range(24):
        customer = make_customer(f"客户{'甲乙丙丁'[number % 4]}", holder=school.consultants[number % 3], on=start
                                 + chance.randrange(3) * ONE_DAY, source=(Source.SEO, Source.BAIDU)[number % 2])
        if number % 5 == 0:
            clock.set(start + 2 * ONE_DAY)
            floor.follow_up(customer, by=school.consultants[number % 3])
    clock.set(start + 3 * ONE_DAY)
    session.commit()


def test_everybody_who_is_held_falls_as_the_new_rules_say(crowd, floor, recompute, falls, session, school, clock):
    floor.rules(follow_up_days=2, deal_days=6)
    with session.begin():
        pool_rules.save(session, Scope(source=Source.SEO), {"follow_up_days": 9, "deal_days": 9})
        pool_rules.save(session, Scope(department_code=school.dasha.department_code), {"calendar": Calendar.CHINA})
        session.add(Leave(employee_id=school.baoyu.id, first_on=march(4), last_on=march(11),
                          state=LeaveState.APPROVED))
    moved = recompute()
    assert moved.earlier
    assert moved.later
    after = falls()
    for customer in session.scalars(select(Customer)):
        rules = rule_book.load(session).of(customer.consultant.department_code, customer.source)
        days = rule_book.clock_of(session, customer, customer.consultant).days
        end = fall(customer.recv_date, customer.last_consult_date, rules=rules, days=days)
        assert after[customer.id] == (max(end.public_on, clock.today() + ONE_DAY), end.public_as)


def test_twice_is_as_once(crowd, floor, recompute, falls):
    floor.rules(follow_up_days=6)
    assert recompute().later
    once = falls()
    assert recompute() == Moved()
    assert falls() == once


def test_nobody_falls_before_tomorrow_by_it(crowd, floor, recompute, falls, clock):
    floor.rules(follow_up_days=1, deal_days=1)
    recompute()
    assert {public_on for public_on, _public_as in falls().values()} == {clock.today() + ONE_DAY}


def test_the_public_and_the_enrolled_are_left_alone(floor, make_customer, school, recompute, falls, clock):
    public, won = make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.sanjiang)
    lead = make_customer("丙")
    floor.enrol(won)
    clock.set("2026-03-06 09:00")
    before = falls()
    floor.rules(follow_up_days=30, deal_days=60)
    assert recompute() == Moved()
    assert falls() == before
    assert public.is_public(clock.today())
    assert lead.is_public(clock.today())


def test_it_leaves_alone_whose_holding_the_night_has_closed_already(floor, make_customer, school, recompute, clock):
    """It began before midnight, and got its turn after the night."""
    customer = make_customer(holder=school.sanjiang)
    clock.set("2026-03-06 00:00")
    floor.night()
    clock.set("2026-03-05 23:59")
    floor.rules(follow_up_days=30, deal_days=60)
    assert recompute() == Moved()
    assert customer.public_on == march(6)


def test_every_change_stands_in_the_log(floor, make_customer, school, recompute, session):
    customer = make_customer(holder=school.sanjiang)
    floor.rules(follow_up_days=6)
    recompute()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "customer", AuditEntry.row_id
                                                     == customer.id).order_by(AuditEntry.id.desc())).first()
    assert entry.changes == {"public_on": ["2026-03-06", "2026-03-09"]}


@pytest.mark.parametrize("point", range(8))
def test_killed_after_any_batch_it_ends_as_if_undisturbed(point, crowd, floor, recompute, falls, session):
    before = falls()
    floor.rules(follow_up_days=6, deal_days=11)
    recompute()
    undisturbed = falls()
    for customer in session.scalars(select(Customer)):
        customer.public_on, customer.public_as = before[customer.id]
    session.commit()
    with pytest.raises(Death):
        recompute(batch=3, dies_after=point)
    recompute(batch=3)
    assert falls() == undisturbed


class TestAClaimThatIsNotDoneYet:
    """He is not held yet when the recomputation passes, and would keep the clock of rules that are no more."""

    @pytest.fixture
    def claim_and_change(self, engine, make_customer, school, clock, session, recompute):
        """Claim, change the rules meanwhile, then let the claim end; whether the change had to wait."""
        lead_id, claimant_id = make_customer().id, school.sanjiang.id
        session.commit()

        def change() -> None:
            with Session(engine) as writing:
                rule_book.lock_to_change(writing)
                said = pool_rules.said_by(rule_book.load(writing), SCHOOL)
                pool_rules.save(writing, SCHOOL, said | {"follow_up_days": 9})
                writing.commit()
            recompute()

        def act() -> tuple[dt.date, bool]:
            changing = threading.Thread(target=change)
            with Session(engine) as claiming:
                assert claims.claim(claiming, lead_id, claimant_id, today=clock.today(), now=clock.now()).won
                changing.start()
                changing.join(1.5)
                waited = changing.is_alive()
                claiming.commit()
            changing.join(30)
            session.expire_all()
            found = session.get_one(Customer, lead_id).public_on
            session.commit()
            return found, waited

        return act

    def test_falls_by_the_new_rules(self, claim_and_change):
        assert claim_and_change() == (march(12), True)

    def test_would_not_if_nobody_waited(self, claim_and_change, monkeypatch, backend):
        """The negative control; SQLite lets nobody write beside another anyway."""
        monkeypatch.setattr(rule_book, "lock", lambda _session: None)
        assert claim_and_change() == ((march(6), False) if backend == "postgresql" else (march(12), True))
