"""People and the night at the same moment, at the services: threads, each with a connection of its own.

Whoever is in time keeps his customer, whoever is not is told so, and the rows are whole whoever came first.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.errors import ConflictError
from app.models import Customer, Distribution, Employee
from app.models.choices import CustomerStatus, DistributionStatus
from app.services import claims, customers, enrolments, expiry, follow_ups
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.floor import Floor
from tests.support.sizes import FULL_SIZE

pytestmark = [pytest.mark.race, on_both_databases]

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus
INTERLEAVINGS = 1000 if FULL_SIZE else 120


def sweep(arena, *, today, batch=50) -> expiry.Expired:
    """The nightly job, as a worker runs it."""
    with arena.session() as session:
        found = expiry.expire(session, today, now=arena.clock.now, batch=batch,
                              on_batch=lambda *_: session.commit())
        session.commit()
        return found


def claim(arena, customer_id, claimant_id) -> claims.Claim:
    with arena.session() as session:
        result = claims.claim(session, customer_id, claimant_id, today=arena.clock.today(), now=arena.clock.now())
        session.commit()
        return result


class TestClaims:
    def test_while_the_night_has_never_run(self, arena):
        arena.open(10)
        ids = arena.fallen(20, days_ago=40)
        results = all_at_once([lambda id_=id_, who=who: claim(arena, id_, who)
                               for id_ in ids for who in arena.consultant_ids])
        assert Counter(result.customer_id for result in results if result.won) == Counter(ids)
        assert {result.refusal for result in results if not result.won} == {claims.Refusal.TAKEN}
        with arena.session() as session:
            ended = session.execute(select(Distribution.status, Distribution.ended_on).where(
                Distribution.status != FOLLOWING)).all()
        fell = arena.clock.today() - dt.timedelta(days=36)
        assert [tuple(row) for row in ended] == [(NO_FOLLOW_UP, fell)] * 20
        arena.check_whole()

    def test_while_four_workers_sweep(self, arena):
        arena.open(10)
        ids = arena.fallen(200)
        today = arena.clock.today()
        lot = random.Random(4)
        acts = [lambda: sweep(arena, today=today, batch=7)] * 4
        acts += [lambda id_=id_, who=who: claim(arena, id_, who)
                 for who in arena.consultant_ids for id_ in lot.sample(ids, 6)]
        lot.shuffle(acts)
        results = all_at_once(acts)
        won = [result.customer_id for result in results if isinstance(result, claims.Claim) and result.won]
        assert len(won) == len(set(won))
        swept = [result for result in results if isinstance(result, expiry.Expired)]
        with arena.session() as session:
            ended = session.execute(select(Distribution.status, Distribution.ended_on, Distribution.customer_id)
                                    .where(Distribution.status != FOLLOWING)).all()
        assert sorted(row.customer_id for row in ended) == ids, "every first holding ended, exactly once"
        assert {(row.status, row.ended_on) for row in ended} == {(NO_FOLLOW_UP, today)}
        assert sum(part.closed_follow_up for part in swept) + len(won) >= len(ids)
        assert sum(part.closed_follow_up for part in swept) <= len(ids), "no work was counted twice"
        assert arena.claims_on_record() == Counter(won)
        arena.check_whole()

    def test_and_assignments_of_the_same_customers(self, arena):
        arena.open(8)
        ids = arena.fallen(10)
        today = arena.clock.today()

        def assign(customer_id, consultant_id):
            with arena.session() as session:
                try:
                    customers.assign(session, customer_id, consultant_id, today=today, now=arena.clock.now())
                    session.commit()
                except ConflictError:
                    session.rollback()

        lot = random.Random(8)
        acts = [lambda id_=id_, who=who: claim(arena, id_, who) for id_ in ids for who in arena.consultant_ids[:4]]
        acts += [lambda id_=id_, who=who: assign(id_, who) for id_ in ids for who in arena.consultant_ids[4:]]
        lot.shuffle(acts)
        all_at_once(acts)
        assert set(arena.open_rows().values()) == {1}
        arena.check_whole()


class TestInTheLastMinute:
    """His last day is yesterday's business date; the night sweeps as the clock turns, and he acts as it does."""

    ACTS = ("follow up", "enrol", "lock", "release")

    @pytest.fixture
    def customers_about_to_fall(self, arena):
        arena.open(4)
        with arena.session() as session:
            Floor(session, arena.clock).rules(lock_limit=INTERLEAVINGS)
        return arena.received(INTERLEAVINGS, "sanjiang", arena.clock.today() - dt.timedelta(days=3))

    def act(self, arena, what, customer_id, holder_id, yesterday) -> bool:
        """What a request does that began before midnight; whether it was let through."""
        at = {"today": yesterday, "now": arena.clock.now()}
        with arena.session() as session:
            try:
                if what == "follow up":
                    follow_ups.log(session, customer_id, session.get_one(Employee, holder_id), "在的", **at)
                elif what == "enrol":
                    enrolments.enrol(session, customer_id, **at)
                elif what == "lock":
                    customers.lock(session, customer_id, yesterday + dt.timedelta(days=5), today=yesterday)
                else:
                    customers.release(session, customer_id, **at)
                session.commit()
                return True
            except ConflictError:
                session.rollback()
                return False

    def test_nobody_who_was_in_time_is_closed(self, arena, customers_about_to_fall):
        yesterday = arena.clock.today()
        arena.clock.advance(days=1)
        today = arena.clock.today()
        with arena.session() as session:
            holder_id = session.scalars(select(Employee.id).where(Employee.username == "sanjiang")).one()
        lot = random.Random(7)
        order = customers_about_to_fall[:]
        lot.shuffle(order)
        done: dict[int, tuple[str, bool]] = {}
        stop = threading.Event()

        def keep_sweeping() -> int:
            closed = 0
            while not stop.is_set():
                closed += sweep(arena, today=today, batch=lot.choice([1, 3, 10])).closed_follow_up
            return closed + sweep(arena, today=today).closed_follow_up

        def one(customer_id: int) -> None:
            what = self.ACTS[customer_id % len(self.ACTS)]
            done[customer_id] = what, self.act(arena, what, customer_id, holder_id, yesterday)

        with ThreadPoolExecutor(7) as pool:
            sweeping = [pool.submit(keep_sweeping) for _ in range(2)]
            list(pool.map(one, order))
            stop.set()
            closed = sum(future.result() for future in sweeping)

        in_time = {customer_id for customer_id, (_, through) in done.items() if through}
        assert closed == len(done) - len(in_time), "the night closed those who came too late, once each"
        ended_as = {"follow up": FOLLOWING, "lock": FOLLOWING, "enrol": WON, "release": RELEASED}
        with arena.session() as session:
            for row in session.scalars(select(Distribution)):
                what, through = done[row.customer_id]
                assert row.status == (ended_as[what] if through else NO_FOLLOW_UP), (what, through)
            for customer in session.scalars(select(Customer)):
                what, through = done[customer.id]
                assert customer.is_public(today) is (not through or what == "release")
                assert (customer.status == CustomerStatus.ENROLLED) is (through and what == "enrol")
        arena.check_whole()

    def test_both_sides_do_come_first_at_times(self, arena, customers_about_to_fall):
        """A race that only one side can win tests nothing: with the sweep before or after, both outcomes are seen."""
        yesterday = arena.clock.today()
        arena.clock.advance(days=1)
        with arena.session() as session:
            holder_id = session.scalars(select(Employee.id).where(Employee.username == "sanjiang")).one()
        early, late = customers_about_to_fall[:8], customers_about_to_fall[8:16]
        assert all(self.act(arena, self.ACTS[i % 4], id_, holder_id, yesterday) for i, id_ in enumerate(early))
        sweep(arena, today=arena.clock.today())
        assert not any(self.act(arena, self.ACTS[i % 4], id_, holder_id, yesterday) for i, id_ in enumerate(late))
        arena.check_whole()
