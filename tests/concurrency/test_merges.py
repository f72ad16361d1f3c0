"""Merges at the same moment as each other, claims, enrolments and the night: whoever comes first, nobody is lost."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from app.errors import ConflictError, NotFoundError
from app.models import Customer, Distribution, Employee, FollowUp, Merge
from app.models.choices import DistributionStatus
from app.services import claims, enrolments, expiry, follow_ups, merges
from app.services.merges import Choices
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.floor import Floor

pytestmark = [pytest.mark.race, on_both_databases]

PAIRS = 8


class Actors:
    """What people do, each in a session of his own; a refusal is no error."""

    def __init__(self, arena) -> None:
        self.arena = arena
        self.at = {"today": arena.clock.today(), "now": arena.clock.now()}
        with arena.session() as session:
            self.admin_id = session.scalars(select(Employee.id).where(Employee.username == "admin")).one()

    def act(self, deed) -> bool:
        with self.arena.session() as session:
            try:
                won = deed(session)
                session.commit()
                return won is not False
            except (ConflictError, NotFoundError):
                session.rollback()
                return False

    def merge(self, survivor_id, merged_id) -> bool:
        return self.act(lambda session: merges.merge(session, survivor_id, merged_id, Choices(),
                                                     by=session.get_one(Employee, self.admin_id), **self.at))

    def undo(self, merge_id) -> bool:
        return self.act(lambda session: merges.undo(session, merge_id, by=session.get_one(Employee, self.admin_id),
                                                    **self.at))

    def claim(self, customer_id, who) -> bool:
        return self.act(lambda session: claims.claim(session, customer_id, who, **self.at).won)

    def enrol(self, customer_id) -> bool:
        return self.act(lambda session: enrolments.enrol(session, customer_id, **self.at))

    def follow_up(self, customer_id, who) -> bool:
        return self.act(lambda session: follow_ups.log(session, customer_id, session.get_one(Employee, who), "在的",
                                                       **self.at))

    def night(self) -> bool:
        return self.act(lambda session: expiry.expire(session, self.at["today"], now=self.arena.clock.now, batch=3,
                                                      on_batch=lambda *_: session.commit()))


@pytest.fixture
def actors(arena):
    arena.open(4)
    return Actors(arena)


def check_whole(arena, pairs, rows: int) -> None:
    """Of each pair one is left at least; every holding is somebody's who is there, and none is lost."""
    arena.check_whole()
    assert set(arena.open_rows().values()) <= {1}
    with arena.session() as session:
        left = set(session.scalars(select(Customer.id)))
        gone = set(session.scalars(select(Merge.merged_id).where(Merge.undone_at.is_(None))))
        assert left.isdisjoint(gone)
        assert left | gone == {each for pair in pairs for each in pair}
        held = session.scalars(select(Distribution.customer_id)).all()
        assert set(held) <= left
        assert len(held) == rows


def test_of_two_who_merge_the_same_pair_or_cross_each_other_one_does(arena, actors):
    ids = arena.received(2 * PAIRS, "consultant0", arena.clock.today())
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    for number, (one, other) in enumerate(pairs):
        second = (one, other) if number % 2 else (other, one)
        done = all_at_once([partial(actors.merge, one, other), partial(actors.merge, *second)])
        assert sorted(done) == [False, True]
    check_whole(arena, pairs, rows=2 * PAIRS)


def test_while_others_claim_enrol_and_follow_up_and_the_night_comes(arena, actors):
    today = arena.clock.today()
    held, fallen = arena.received(PAIRS, "consultant0", today), arena.fallen(PAIRS, former="consultant1")
    pairs = list(zip(held, fallen, strict=True))
    claimant, holder = arena.consultant_ids[2], arena.consultant_ids[0]
    won = 0
    for number, (one, other) in enumerate(pairs):
        merge = partial(actors.merge, *((one, other) if number % 2 else (other, one)))
        done = all_at_once([merge, partial(actors.claim, other, claimant), partial(actors.enrol, one),
                            partial(actors.follow_up, one, holder), actors.night])
        assert done[0]
        won += done[1]
    check_whole(arena, pairs, rows=2 * PAIRS + won)
    with arena.session() as session:
        for record in session.scalars(select(FollowUp)):
            assert session.get(Customer, record.customer_id) is not None


def test_one_of_two_who_undo_a_merge_does_while_it_is_merged_on(arena, actors):
    ids = arena.received(3 * PAIRS, "consultant0", arena.clock.today())
    triples = list(zip(ids[::3], ids[1::3], ids[2::3], strict=True))
    for one, other, third in triples:
        assert actors.merge(one, other)
        with arena.session() as session:
            number = session.scalars(select(Merge.id).where(Merge.merged_id == other)).one()
        done = all_at_once([partial(actors.undo, number), partial(actors.undo, number),
                            partial(actors.merge, third, one)])
        assert sum(done[:2]) == 1 or (done[2] and not any(done[:2]))
    check_whole(arena, triples, rows=3 * PAIRS)


def test_a_consultant_at_his_limit_gets_nobody_by_undoing_however_many_claim_meanwhile(arena, actors):
    claimant = arena.consultant_ids[2]
    mine, his = (arena.received(2, name, arena.clock.today()) for name in ("consultant0", "consultant2"))
    pool = arena.fallen(6, former="consultant1")
    with arena.session() as session:
        Floor(session, arena.clock).rules(holding_limit=3)
    for one, other in zip(mine, his, strict=True):
        assert actors.merge(one, other)
    with arena.session() as session:
        numbers = list(session.scalars(select(Merge.id)))
    all_at_once([*(partial(actors.undo, number) for number in numbers),
                 *(partial(actors.claim, customer_id, claimant) for customer_id in pool)])
    arena.check_whole()
    with arena.session() as session:
        assert len(session.scalars(select(Distribution.id).where(
            Distribution.consultant_id == claimant, Distribution.status == DistributionStatus.FOLLOWING)).all()) == 3
