"""Leads that come in at the same moment: nobody's turn is skipped or comes twice, whatever the number of processes.

Real requests from 200 threads to a real server with eight processes.
"""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select, text

from app.models import AssignmentEntry, AssignmentRound, Distribution, SalesRank
from app.models.choices import DistributionStatus
from app.services.assignment_rounds import Rank, build
from tests.support.crowd import Answer, all_at_once
from tests.support.databases import empty, on_both_databases

pytestmark = [pytest.mark.race, on_both_databases]

LEADS, CONSULTANTS = 200, 25


def rank(arena, num) -> list[int]:
    """Give every consultant a rank; the round they make."""
    with arena.session() as session:
        ranks = [SalesRank(consultant_id=each, num=num(place), weight=place % 7)
                 for place, each in enumerate(arena.consultant_ids)]
        session.add_all(ranks)
        session.commit()
        return list(build(Rank(each.consultant_id, each.num, each.weight) for each in ranks))


def enter(person, number: int) -> Answer:
    return person.post("/admin/customer/new/", {
        "name": f"客户{number}", "qq": f"{500_000_000 + number}", "source": "1", "work_status": "1",
        "goes_to": "assignment", "csrf_token": person.token})


def race(everyone, numbers) -> Counter[int]:
    """All of them come in at once; the answers by status."""
    answers = all_at_once([lambda number=number: enter(everyone[number % len(everyone)], number) for number in numbers])
    return Counter(answer.status for answer in answers)


def dealt(arena) -> list[tuple[int, int, int]]:
    """Round, slot and consultant of every lead, in the order of the rounds."""
    with arena.session() as session:
        return [(entry.round_id, entry.slot, entry.consultant_id) for entry in session.scalars(
            select(AssignmentEntry).order_by(AssignmentEntry.round_id, AssignmentEntry.slot))]


def test_two_hundred_leads_at_once_are_dealt_out_exactly_by_the_round(arena, serve):
    arena.open(CONSULTANTS)
    slots = rank(arena, lambda place: place % 4)
    server = serve()
    everyone = arena.log_everyone_in(server)
    assert race(everyone, range(LEADS)) == {302: LEADS}
    turns = [(number // len(slots) + 1, number % len(slots) + 1, slots[number % len(slots)]) for number in range(LEADS)]
    assert dealt(arena) == turns
    with arena.session() as session:
        held = Counter(session.scalars(select(Distribution.consultant_id).where(
            Distribution.status == DistributionStatus.FOLLOWING)))
        last = session.scalars(select(AssignmentRound).order_by(AssignmentRound.id.desc()).limit(1)).one()
    assert held == Counter(consultant_id for _round, _slot, consultant_id in turns)
    assert (last.id, last.position) == turns[-1][:2]
    arena.check_whole()
    assert "database is locked" not in server.log
    assert "Traceback" not in server.log


def test_the_negative_control_gives_a_turn_twice(arena, serve):
    """The same race where the turn is read, then written, without the index: it must be caught."""
    arena.open(CONSULTANTS)
    slots = rank(arena, lambda _place: 2 + LEADS // CONSULTANTS)
    assert len(slots) > LEADS  # so that no two start the same round
    with arena.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_assignment_entry_slot"))
    try:
        everyone = arena.log_everyone_in(serve(app="tests.support.naive_assignment:create_app()"))
        assert enter(everyone[0], LEADS).status == 302  # the round has started
        race(everyone, range(LEADS))
        turns = Counter(turn[:2] for turn in dealt(arena))
        assert max(turns.values()) > 1
    finally:
        empty(arena.engine)
        index = next(each for each in AssignmentEntry.__table__.indexes if each.name == "uq_assignment_entry_slot")
        index.create(arena.engine)
