"""Leads that come in at the same moment: nobody's turn is skipped or comes twice, whatever the number of processes."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select, text

from app.models import AssignmentEntry, AssignmentRound, Customer, Distribution, SalesRank
from app.models.choices import AssignmentStrategy, DistributionStatus
from app.services import assignment
from app.services.assignment_rounds import Rank, build
from tests.support.crowd import all_at_once
from tests.support.databases import empty, on_both_databases
from tests.support.naive_assignment import naive_deal

pytestmark = [pytest.mark.race, on_both_databases]

LEADS, OVER_HTTP, CONSULTANTS = 200, 60, 25


def rank(arena, num) -> list[int]:
    """Give every consultant a rank; the round they make."""
    with arena.session() as session:
        ranks = [SalesRank(consultant_id=each, num=num(place), weight=place % 7)
                 for place, each in enumerate(arena.consultant_ids)]
        session.add_all(ranks)
        session.commit()
        return list(build(Rank(each.consultant_id, each.num, each.weight) for each in ranks))


def enter(arena, number: int) -> None:
    """A lead comes in, in a transaction of its own."""
    with arena.session() as session:
        assignment.enter(session, Customer(name=f"客户{number}", qq=f"{500_000_000 + number}"),
                         AssignmentStrategy.ROUND, today=arena.clock.today(), now=arena.clock.now())
        session.commit()


def dealt(arena) -> list[tuple[int, int, int]]:
    """Round, slot and consultant of every lead, in the order of the rounds."""
    with arena.session() as session:
        return [(entry.round_id, entry.slot, entry.consultant_id) for entry in session.scalars(
            select(AssignmentEntry).order_by(AssignmentEntry.round_id, AssignmentEntry.slot))]


def check_exactly_by_the_round(arena, slots: list[int], leads: int) -> None:
    """Every turn came once and in order, each consultant has what they gave him, and the next turn is the next."""
    turns = [(number // len(slots) + 1, number % len(slots) + 1, slots[number % len(slots)]) for number in range(leads)]
    assert dealt(arena) == turns
    with arena.session() as session:
        held = Counter(session.scalars(select(Distribution.consultant_id).where(
            Distribution.status == DistributionStatus.FOLLOWING)))
        last = session.scalars(select(AssignmentRound).order_by(AssignmentRound.id.desc()).limit(1)).one()
    assert held == Counter(consultant_id for _round, _slot, consultant_id in turns)
    assert (last.id, last.position) == turns[-1][:2]
    arena.check_whole()


def test_two_hundred_leads_at_once_are_dealt_out_exactly_by_the_round(arena):
    arena.open(CONSULTANTS)
    slots = rank(arena, lambda place: place % 4)
    all_at_once([lambda number=number: enter(arena, number) for number in range(LEADS)])
    check_exactly_by_the_round(arena, slots, LEADS)


def test_so_are_leads_that_come_in_at_eight_processes(arena, serve):
    arena.open(CONSULTANTS)
    slots = rank(arena, lambda place: place % 2)
    server = serve()
    everyone = arena.log_everyone_in(server)
    answers = all_at_once([lambda number=number: everyone[number % len(everyone)].post("/admin/customer/new/", {
        "name": f"客户{number}", "qq": f"{500_000_000 + number}", "source": "1", "work_status": "1",
        "goes_to": "assignment", "csrf_token": everyone[number % len(everyone)].token}) for number in range(OVER_HTTP)])
    assert Counter(answer.status for answer in answers) == {302: OVER_HTTP}
    check_exactly_by_the_round(arena, slots, OVER_HTTP)
    assert "database is locked" not in server.log
    assert "Traceback" not in server.log


def test_the_negative_control_gives_a_turn_twice(arena, monkeypatch):
    """The same race where the turn is read, then written, without the index: it must be caught."""
    arena.open(CONSULTANTS)
    slots = rank(arena, lambda _place: 2 + LEADS // CONSULTANTS)
    assert len(slots) > LEADS  # so that no two start the same round
    with arena.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_assignment_entry_slot"))
    try:
        monkeypatch.setattr(assignment, "_deal", naive_deal)
        enter(arena, LEADS)  # the round has started
        all_at_once([lambda number=number: enter(arena, number) for number in range(LEADS)])
        turns = Counter(turn[:2] for turn in dealt(arena))
        assert max(turns.values()) > 1
    finally:
        empty(arena.engine)
        index = next(each for each in AssignmentEntry.__table__.indexes if each.name == "uq_assignment_entry_slot")
        index.create(arena.engine)
