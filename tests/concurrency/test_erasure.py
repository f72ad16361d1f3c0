"""Someone is erased while others claim him, write of him, and the night passes: no deadlock, and the rows are whole."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from app.errors import DomainError
from app.models import Customer, Distribution, Employee, FollowUp
from app.models.audit import PersonKind
from app.models.choices import DistributionStatus, ErasureReason, Intent
from app.services import claims, customers, erasure, expiry, follow_ups, person_keys, persons
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.sizes import FULL_SIZE

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 60 if FULL_SIZE else 12


def attempt(arena, act) -> bool:
    """Do something in a transaction of its own; False if it was refused in words."""
    with arena.session() as session:
        try:
            act(session)
            session.commit()
            return True
        except DomainError:
            session.rollback()
            return False


def test_whatever_happens_to_him_at_the_same_moment(arena):
    arena.open(6)
    today, now = arena.clock.today(), arena.clock.now()
    chance = random.Random(22)
    with arena.session() as session:
        sanjiang = session.scalars(select(Employee.id).where(Employee.username == "sanjiang")).one()

    def erase(*ids):
        return lambda: attempt(arena, lambda s: erasure.erase_customers(
            s, ids, ErasureReason.REQUESTED, today=today, now=now))

    def claim(number, who):
        return lambda: attempt(arena, lambda s: claims.claim(s, number, who, today=today, now=now))

    def follow_up(number):
        return lambda: attempt(arena, lambda s: follow_ups.log(
            s, number, s.get_one(Employee, sanjiang), "电话又换了", today=today, now=now))

    def rewrite(record):
        def act(session):
            row = session.get_one(FollowUp, record)
            follow_ups.edit(session, row, row.consultant, note="改成13811112222", intent=Intent.PAID,
                            next_contact_on=None, today=today, masking=False)
        return lambda: attempt(arena, act)

    def assign(number, who):
        return lambda: attempt(arena, lambda s: customers.assign(s, number, who, today=today, now=now))

    def night():
        return attempt(arena, lambda s: expiry.expire(s, today, now=lambda: now, on_batch=lambda *_: s.commit()))

    for _ in range(ROUNDS):
        fallen, held = arena.fallen(3), arena.received(3, "sanjiang", today)
        with arena.session() as session:  # each is quoted in what was said of the next
            contacts = {each.id: each.qq for each in session.scalars(select(Customer).where(
                Customer.id.in_([*fallen, *held])))}
            records = [follow_ups.log(session, number, session.get_one(Employee, sanjiang),
                                      f"同学QQ {contacts[quoted]},也问问{contacts[fallen[0]]}", today=today, now=now).id
                       for number, quoted in zip(held, [*held[1:], held[0]], strict=True)]
            session.commit()
        acts = [erase(fallen[0]), erase(fallen[0], fallen[1]), *(erase(number) for number in held),
                *(claim(number, who) for number in fallen for who in arena.consultant_ids[:2]),
                *(follow_up(number) for number in held), *(rewrite(record) for record in records),
                assign(fallen[1], arena.consultant_ids[2]), assign(held[0], arena.consultant_ids[3]), night]
        chance.shuffle(acts)
        all_at_once(acts)
        arena.check_whole()
        with arena.session() as session:
            for customer in session.scalars(select(Customer).where(Customer.id.in_([*fallen[:2], *held]))):
                assert customer.erased_on == today
                assert customer.name == f"#{customer.id}"
                assert session.scalars(select(FollowUp.note).where(FollowUp.customer_id == customer.id,
                                                                   FollowUp.note != "")).all() == []
                assert session.scalars(select(Distribution).where(
                    Distribution.customer_id == customer.id,
                    Distribution.status == DistributionStatus.FOLLOWING)).all() == []
                person = (PersonKind.CUSTOMER, customer.id)
                assert person_keys.keys_of(session, [person]) == {}, "something personal was written after the erasure"
                assert all(getattr(customer, name) is None
                           for name in persons.columns(Customer, "personal").keys() - {"name"})
